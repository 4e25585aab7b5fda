/** Credential plugins that fail now and then: they are asked again with the next call. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { connecting, failureOf, files, serving } from '../support/api-client.ts'
import { reply, replyStatus, requestObject } from '../support/fake-api-server.ts'

it('a plugin that failed once is asked again', async () => {
  const [counter, broken] = ['count', 'broken'].map(name => join(files.directory, name)) as [string, string]
  const script = `echo x >> ${counter}; test ! -e ${broken} || exit 7; printf '{"status":{"token":"t%s"}}' $(wc -l < ${counter})`
  let taken = 't1'
  const { url } = await serving(({ headers }, response) =>
    headers.authorization === `Bearer ${taken}`
      ? reply(response, 200, requestObject({ name: 'one' }))
      : replyStatus(response, 401, {}),
  )
  const api = await connecting(url, { user: { exec: { command: 'sh', args: ['-c', script] } } })
  expect(await api.readRequest('one')).toMatchObject({ name: 'one' })
  writeFileSync(broken, '')
  taken = 't4'
  for (const _ of ['renewed', 'had anew'])
    expect((await failureOf(api.readRequest('one'))).code).toBe('CREDENTIAL_PLUGIN_FAILED')
  rmSync(broken)
  expect(await api.readRequest('one')).toMatchObject({ name: 'one' })
})
