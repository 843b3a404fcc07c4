/** The topology as a picture: cards where topology-layout puts them, lines for what flows now. */
import '@xyflow/react/dist/base.css'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import {
  BaseEdge,
  getBezierPath,
  Handle,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type Edge,
  type EdgeProps,
  type Node,
  type NodeProps,
} from '@xyflow/react'
import { useElementSize } from '@mantine/hooks'
import { createContext, use, useEffect, useMemo } from 'react'
import type { Card } from './topology-cards.ts'
import { TopologyCard } from './TopologyCards.tsx'
import classes from './TopologyGraph.module.css'
import { layoutTopology, type Line, type LineKind, type Placed } from './topology-layout.ts'

type CardNode = Node<{ readonly card: Card }, 'card'>
type LineEdge = Edge<{ readonly line: Line }, 'line' | 'arc'>

interface Selection {
  readonly selected: string | null
  readonly onSelect: (name: string) => void
}

/** Nodes are data for React Flow, so what changes with the URL reaches them beside it. */
const SelectionContext = createContext<Selection>({ selected: null, onSelect: () => undefined })

const isReplication = (kind: LineKind): boolean => kind === 'sync' || kind === 'async'

const CardNodeView = ({ data }: NodeProps<CardNode>) => {
  const selection = use(SelectionContext)
  return (
    <>
      <Handle type="target" position={Position.Left} id="in" isConnectable={false} />
      <TopologyCard card={data.card} {...selection} />
      <Handle type="source" position={Position.Right} id="out" isConnectable={false} />
      {/* Replication arrives where it leaves: on the right. */}
      <Handle type="target" position={Position.Right} id="replica" isConnectable={false} />
    </>
  )
}

const lineClass = (line: Line | undefined): string => {
  const kind = line === undefined ? 'request' : line.isWritePath ? 'write' : line.kind
  return `${classes['line'] ?? ''} ${classes[kind] ?? ''}`
}

const LineView = ({ data, ...edge }: EdgeProps<LineEdge>) => {
  const [path] = getBezierPath({ ...edge, curvature: 0.35 })
  return <BaseEdge path={path} className={lineClass(data?.line)} />
}

/** A bow on the right side of the members, wider the further it has to go. */
const ArcView = ({ data, sourceX, sourceY, targetX, targetY }: EdgeProps<LineEdge>) => {
  const bow = 20 + Math.abs(targetY - sourceY) * 0.12
  const path = `M${sourceX} ${sourceY} C${sourceX + bow} ${sourceY} ${targetX + bow} ${targetY} ${targetX} ${targetY}`
  return <BaseEdge path={path} className={lineClass(data?.line)} />
}

const NODE_TYPES = { card: CardNodeView }
const EDGE_TYPES = { line: LineView, arc: ArcView }

const nodeOf = (card: Placed): CardNode => ({
  id: card.id,
  type: 'card',
  position: { x: card.x, y: card.y },
  width: card.width,
  height: card.height,
  data: { card },
})

const edgeOf = (line: Line): LineEdge => ({
  id: line.id,
  source: line.from,
  target: line.to,
  type: isReplication(line.kind) ? 'arc' : 'line',
  sourceHandle: 'out',
  targetHandle: isReplication(line.kind) ? 'replica' : 'in',
  data: { line },
  zIndex: line.isWritePath ? 1 : 0,
})

const LARGEST_ZOOM = 1.15

interface TopologyGraphProps extends Selection {
  readonly status: ClusterStatus
  readonly isStale: boolean
}

export const TopologyGraph = ({ status, isStale, selected, onSelect }: TopologyGraphProps) => {
  const layout = useMemo(() => layoutTopology(status), [status])
  const { ref, width } = useElementSize()
  const zoom = Math.min(LARGEST_ZOOM, width / layout.width)
  const selection = useMemo(() => ({ selected, onSelect }), [selected, onSelect])
  return (
    <div className={classes['frame']} data-stale={isStale}>
      <div ref={ref} style={{ height: layout.height * Math.max(zoom, 0.5) }}>
        {width === 0 ? null : (
          <ReactFlowProvider>
            <SelectionContext value={selection}>
              <Picture layout={layout} zoom={zoom} left={(width - layout.width * zoom) / 2} />
            </SelectionContext>
          </ReactFlowProvider>
        )}
      </div>
      <Legend />
    </div>
  )
}

interface PictureProps {
  readonly layout: ReturnType<typeof layoutTopology>
  readonly zoom: number
  readonly left: number
}

const Picture = ({ layout, zoom, left }: PictureProps) => {
  const flow = useReactFlow()
  const nodes = useMemo(() => layout.cards.map(nodeOf), [layout])
  const edges = useMemo(() => layout.lines.map(edgeOf), [layout])
  useEffect(() => {
    void flow.setViewport({ x: left, y: 0, zoom })
  }, [flow, left, zoom])
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      defaultViewport={{ x: left, y: 0, zoom }}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      panOnDrag={false}
      zoomOnScroll={false}
      zoomOnPinch={false}
      zoomOnDoubleClick={false}
      preventScrolling={false}
      disableKeyboardA11y
      minZoom={0.2}
    />
  )
}

const LEGEND: readonly { readonly kind: LineKind; readonly text: string }[] = [
  { kind: 'write', text: 'the way of a write' },
  { kind: 'read', text: 'reads' },
  { kind: 'sync', text: 'replication, commits wait' },
  { kind: 'async', text: 'replication' },
]

const Legend = () => (
  <ul className={classes['legend']} aria-label="Lines">
    {LEGEND.map(({ kind, text }) => (
      <li key={kind}>
        <svg width="26" height="6" aria-hidden="true">
          <path
            d="M0 3H26"
            fill="none"
            className={`${classes['line'] ?? ''} ${classes[kind] ?? ''}`}
          />
        </svg>
        {text}
      </li>
    ))}
  </ul>
)
