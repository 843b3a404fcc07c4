/** A real browser for tests of the console: Debian's Chromium, installed when it is missing. */
import { existsSync } from 'node:fs'
import { runOk } from '@neuronha/runtime/exec.ts'
import { chromium, type Browser } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'
const INSTALL_TIMEOUT_MS = 600_000

/** Opens the browser; nothing of it talks to anything but the pages that a test visits. */
export async function openBrowser(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    process.stderr.write('    installing chromium for the tests of the console\n')
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await runOk('apt-get', ['-qq', 'update'], { env, timeoutMs: INSTALL_TIMEOUT_MS })
    await runOk(
      'apt-get',
      [
        '-qq',
        '-o',
        'DPkg::Lock::Timeout=300',
        'install',
        '--yes',
        '--no-install-recommends',
        'chromium',
        'fonts-dejavu-core',
      ],
      {
        env,
        timeoutMs: INSTALL_TIMEOUT_MS,
      },
    )
  }
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
