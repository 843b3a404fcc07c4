/** The image that holds promtool and amtool: built here, since no cluster has it. */
import { observeMachine } from '../../packages/control/src/setup/observe-machine.ts'
import { buildImages } from '../../packages/control/src/setup/images.ts'
import { silentProgress } from '../../packages/control/src/setup/progress.ts'

let building: Promise<string> | undefined

export const checkersImage = (): Promise<string> => (building ??= build())

async function build(): Promise<string> {
  const { mirror } = await observeMachine()
  const images = await buildImages({ only: ['checkers'], mirror, progress: silentProgress })
  const image = images.find(({ name }) => name === 'checkers')
  if (image === undefined) throw new Error('the image checkers was not built')
  return image.ref
}
