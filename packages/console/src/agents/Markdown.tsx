/** An answer as the model wrote it. No HTML and no pictures: what a model names is never fetched. */
import ReactMarkdown, { type Components } from 'react-markdown'
import classes from './Markdown.module.css'

const COMPONENTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  // Focusable, so that the keyboard can scroll it.
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noreferrer noopener">
      {alt === undefined || alt === '' ? 'picture' : alt}
    </a>
  ),
}

export const Markdown = ({ text }: { readonly text: string }) => (
  <div className={classes['markdown']}>
    <ReactMarkdown components={COMPONENTS}>{text}</ReactMarkdown>
  </div>
)
