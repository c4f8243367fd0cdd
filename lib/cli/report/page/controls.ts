// The row of controls: text, states, time and order. It holds what was chosen, and tells of each change.
import { type Selection, select } from 'd3'
import type { PageData, RunFate } from '../page-data.ts'
import type { Filter, Order } from './filter.ts'
import { FATES } from './words.ts'

const HOUR = 3_600_000
const TIMES: readonly (readonly [name: string, ms: number])[] = [
  ['all the time', 0],
  ['last 10 minutes', HOUR / 6],
  ['last hour', HOUR],
  ['last 6 hours', 6 * HOUR],
  ['last day', 24 * HOUR],
  ['last week', 168 * HOUR],
]
const ORDERS: readonly (readonly [order: Order, name: string])[] = [
  ['newest', 'newest first'],
  ['oldest', 'oldest first'],
  ['longest', 'longest first'],
]

const chosenIn = ({ target }: Event): string => (target as HTMLInputElement | HTMLSelectElement).value

export class Controls {
  #filter: Filter = { text: '', hidden: new Set(), time: undefined, order: 'newest' }
  readonly #data: PageData
  readonly #onChange: () => void
  readonly #time: Selection<HTMLSelectElement, unknown, null, undefined>

  constructor(parent: Selection<HTMLElement, unknown, HTMLElement, unknown>, data: PageData, onChange: () => void) {
    this.#data = data
    this.#onChange = onChange
    const bar = select(parent.append('div').attr('class', 'bar').node() as HTMLElement)
    bar
      .append('input')
      .attr('type', 'search')
      .attr('placeholder', 'run, label, owner …')
      .attr('aria-label', 'show only runs that have these words')
      .on('input', event => this.#set({ text: chosenIn(event) }))
    this.#addChips(bar)
    this.#time = bar.append('select').attr('aria-label', 'time')
    for (const [name, ms] of TIMES) this.#time.append('option').attr('value', ms).text(name)
    this.#time.append('option').attr('value', 'chosen').attr('hidden', '').text('as chosen below')
    this.#time.on('change', event => {
      const ms = Number(chosenIn(event))
      this.#set({ time: ms === 0 ? undefined : [data.at - ms, data.at] })
    })
    const order = bar.append('select').attr('aria-label', 'order')
    for (const [value, name] of ORDERS) order.append('option').attr('value', value).text(name)
    order.on('change', event => this.#set({ order: chosenIn(event) as Order }))
  }

  get filter(): Filter {
    return this.#filter
  }

  /** As chosen by dragging. */
  chooseTime(time: Filter['time']): void {
    this.#time.property('value', time ? 'chosen' : '0')
    this.#set({ time })
  }

  #addChips(bar: Selection<HTMLElement, unknown, null, undefined>): void {
    for (const [fate, name] of Object.entries(FATES) as [RunFate, string][]) {
      const count = this.#data.runs.filter(run => run.fate === fate).length
      if (count === 0) continue
      const chip = bar.append('button').attr('type', 'button').attr('class', 'chip').attr('aria-pressed', 'true')
      chip.attr('data-fate', fate).append('i').attr('class', fate)
      chip.append('span').text(`${name} ${count.toLocaleString('en-US')}`)
      chip.on('click', () => {
        const hidden = new Set(this.#filter.hidden)
        if (!hidden.delete(fate)) hidden.add(fate)
        chip.attr('aria-pressed', String(!hidden.has(fate)))
        this.#set({ hidden })
      })
    }
  }

  #set(change: Partial<Filter>): void {
    this.#filter = { ...this.#filter, ...change }
    this.#onChange()
  }
}
