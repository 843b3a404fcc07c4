/** The topology from top to bottom, for screens too narrow for the picture. */
import classes from './TopologyStack.module.css'
import { TopologyCard } from './TopologyCards.tsx'
import { BESIDES, SERVICES, type Card } from './topology-cards.ts'

interface TopologyStackProps {
  readonly cards: readonly Card[]
  readonly selected: string | null
  readonly onSelect: (name: string) => void
}

/** The layers of a request's way, and what stands beside it. */
const LAYERS: readonly { readonly title: string; readonly includes: (card: Card) => boolean }[] = [
  { title: 'Edge', includes: ({ id }) => id === 'edge' },
  { title: 'Services', includes: ({ id }) => SERVICES.some((service) => service === id) },
  { title: 'Poolers and routers', includes: ({ id }) => id === 'pooler' || id === 'router' },
  { title: 'Members', includes: ({ kind }) => kind === 'member' },
  { title: 'Beside it', includes: ({ id }) => BESIDES.some((beside) => beside === id) },
]

export const TopologyStack = ({ cards, selected, onSelect }: TopologyStackProps) => (
  <ol className={classes['stack']}>
    {LAYERS.map(({ title, includes }) => (
      <li
        key={title}
        className={classes['layer']}
        data-wide={title === 'Members' || title === 'Poolers and routers'}
      >
        <span className="visually-hidden">{title}</span>
        {cards.filter(includes).map((card) => (
          <TopologyCard key={card.id} card={card} selected={selected} onSelect={onSelect} />
        ))}
      </li>
    ))}
  </ol>
)
