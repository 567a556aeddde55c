/* Executes requests with the vendor's engine, for vendor.py.

   Arguments: `MODEL=FOLDER/SERVICE=PATH` for each compiled model; of several versions of a service, models call the last
   one. A line on stdin is `{"model": MODEL, "request": {...}}` in ASCII; its
   answer is a line on stdout, `ANSWER {"answer": {...}}` or `ANSWER {"error": "..."}`. Other lines are the engine's own. */
'use strict'
const { createRequire } = require('node:module')
const path = require('node:path')
const readline = require('node:readline')

/* The engine is installed in the working folder, not beside this file. */
const { WasmRunner } = createRequire(path.join(process.cwd(), 'package.json'))('@coherentglobal/wasm-runner')

const ignore = () => {}
const logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }
const models = process.argv.slice(2).map((argument) => argument.split('='))
const paths = new Map(models.map(([id, , ...path]) => [id, path.join('=')]))

const append = (runner, id) => runner.append({ id, url: paths.get(id), size: 1 })

async function execute(runner, { model, request }) {
  try {
    return { answer: await runner.execute(request, model) }
  } catch (error) {
    /* An instance that aborted cannot be used again. Other errors come from before the model. */
    if (error.name === 'execution_error') {
      await runner.remove(model)
      await append(runner, model)
    }
    return { error: String(error.errors || error.message) }
  }
}

async function main() {
  const resolverPath = path.join(__dirname, 'resolver.js')
  const runner = new WasmRunner(undefined, resolverPath, { logger })
  const resolver = require(resolverPath)
  resolver.runner = runner
  for (const [id, service] of models) resolver.services.set(service, id)
  for (const id of paths.keys()) await append(runner, id)
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answer = await execute(runner, JSON.parse(line))
    process.stdout.write(`ANSWER ${JSON.stringify(answer)}\n`)
  }
  await runner.dispose()
}

main().then(() => process.exit(0), (error) => {
  console.error(error)
  process.exit(1)
})
