// A bucket with a swamp datastore and a runlet store side by side, on virtual time.

import { type Datastore, datastoreIn } from '../../../lib/integrations/swamp/import/datastore.ts'
import { type ImportOptions, type ImportReport, importSwamp } from '../../../lib/integrations/swamp/import/import.ts'
import { type VerifyOptions, type VerifyReport, verifyImport } from '../../../lib/integrations/swamp/import/verify.ts'
import { parseNamespaceName } from '../../../lib/names.ts'
import { type OpenNamespace, openNamespace } from '../../../lib/namespace/namespace.ts'
import { parsePolicy } from '../../../lib/namespace/policy.ts'
import type { Namespace } from '../../../lib/runlet.ts'
import { Store } from '../../../lib/runlet.ts'
import { SwampDatastore, type SwampOptions } from '../../support/swamp-datastore.ts'
import { type Client, contents, type Weather, World } from '../../support/world.ts'

export const PREFIX = '/swamp/'

export class SwampWorld {
  readonly world = new World()
  readonly swamp: SwampDatastore
  readonly client: Client
  readonly #namespace: string | undefined

  constructor(options: SwampOptions = {}) {
    this.client = this.world.client()
    this.#namespace = options.namespace
    this.swamp = new SwampDatastore(this.client.objects, { prefix: PREFIX, ...options })
  }

  /** The namespace as another process opens it. */
  open(client: Client = this.client, name = 'p'): OpenNamespace {
    return openNamespace(client.objects, parseNamespaceName(name), client.ambient, {
      maxRows: 4,
      maxBytes: 100_000,
      maxRefs: 8,
    })
  }

  datastore(client: Client = this.client): Datastore {
    return datastoreIn(client.objects, { namespace: this.#namespace, prefix: PREFIX, absolute: key => key.slice(1) })
  }

  import(
    options: Partial<ImportOptions> & { onConflict?: string | Record<string, string> } = {},
    client = this.client,
  ): Promise<ImportReport> {
    const { onConflict, ...rest } = options
    return importSwamp(this.open(client), this.datastore(client), {
      author: 'importer',
      rules: parsePolicy(onConflict),
      ...rest,
    })
  }

  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return verifyImport(this.open(), this.datastore(), options)
  }

  aClient(weather?: Weather): Client {
    return this.world.client(weather ? { weather } : {})
  }

  async namespace(): Promise<Namespace> {
    return this.aClient().store.namespace('p')
  }

  async contents(): Promise<Record<string, string>> {
    return contents(await this.namespace())
  }
}

export function inSwampWorld(options: SwampOptions, work: (world: SwampWorld) => Promise<void>): Promise<void> {
  const world = new SwampWorld(options)
  return world.world.run(() => work(world))
}

export const storeOf = ({ objects, ambient }: Client): Store => new Store(objects, ambient, 'ada')
