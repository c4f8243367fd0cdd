// The tip that follows the pointer. What others wrote is shown as text: no HTML is ever made of it.
import { select } from 'd3'

export interface Tip {
  readonly title: string
  /** The class that colours its dot. */
  readonly kind: string
  readonly facts: readonly (readonly [name: string, value: string])[]
}

const GAP = 14

export class TipBox {
  readonly #box = select('body').append('div').attr('id', 'tip').attr('role', 'tooltip').property('hidden', true)

  show({ title, kind, facts }: Tip, { clientX, clientY }: MouseEvent): void {
    const box = this.#box.property('hidden', false)
    box.selectAll('*').remove()
    const head = box.append('b')
    head.append('i').attr('class', kind)
    head.append('span').text(title)
    const list = box.append('dl')
    for (const [name, value] of facts) {
      list.append('dt').text(name)
      list.append('dd').text(value)
    }
    const { width, height } = (box.node() as HTMLElement).getBoundingClientRect()
    const left = clientX + GAP + width > innerWidth ? clientX - GAP - width : clientX + GAP
    const top = clientY + GAP + height > innerHeight ? clientY - GAP - height : clientY + GAP
    box.style('left', `${Math.max(4, left)}px`).style('top', `${Math.max(4, top)}px`)
  }

  hide(): void {
    this.#box.property('hidden', true)
  }
}
