/** The image that holds promtool and amtool: built here, since no cluster has it. */
import { observeMachine } from '../../packages/control/src/setup/observe-machine.ts'
import { buildImages } from '../../packages/control/src/setup/images.ts'
import { silentProgress } from '../../packages/control/src/setup/progress.ts'

let building: Promise<Images> | undefined

type Images = ReadonlyMap<string, string>

export const checkersImage = async (): Promise<string> => refOf(await built(), 'checkers')
/** The test cluster has it anyway; a cluster that tells nobody has not. */
export const alertmanagerImage = async (): Promise<string> => refOf(await built(), 'alertmanager')

const built = (): Promise<Images> => (building ??= build())

async function build(): Promise<Images> {
  const { mirror } = await observeMachine()
  const images = await buildImages({
    only: ['checkers', 'alertmanager'],
    mirror,
    progress: silentProgress,
  })
  return new Map(images.map(({ name, ref }) => [name, ref]))
}

function refOf(images: Images, name: string): string {
  const ref = images.get(name)
  if (ref === undefined) throw new Error(`the image ${name} was not built`)
  return ref
}
