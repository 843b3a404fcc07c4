import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where `npm run dev` finds the API: the mock, or the edge of a cluster that is up. */
const API = 'http://127.0.0.1:5181'

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    // The content security policy allows no data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // With src/jitless.ts, so that zod is set before any other chunk makes a schema.
            { name: 'zod', test: /node_modules\/zod\/|src\/jitless/ },
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
          ],
        },
      },
    },
  },
  server: { host: '127.0.0.1', port: 5180, proxy: { '/api': API } },
})
