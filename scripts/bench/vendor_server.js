/* A small HTTP server around the vendor's engine, which is what the vendor's runner is: v3 and v4, one model.
   node vendor_server.js ENGINE MODEL.zip WORKERS; it prints its port. */
'use strict'
const http = require('http')
const [, , engine, model, workers] = process.argv
const { WasmRunner } = require(engine)

const quiet = Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error'].map((name) => [name, () => {}]))
const runner = new WasmRunner(undefined, '', { logger: quiet })

async function executeMany(body) {
  const request_meta = { service_category: body.subservice, requested_output: body.output }
  const answers = await Promise.all(
    body.inputs.map((inputs) => runner.execute({ request_data: { inputs }, request_meta: { ...request_meta } }, 'model')),
  )
  const parts = answers.map((answer) => answer.response_data)
  return {
    outputs: parts.map((part) => part.outputs),
    process_time: parts.map(() => 0),
    warnings: parts.map((part) => part.warnings || null),
    errors: parts.map((part) => part.errors || null),
    service_chain: parts.map(() => null),
  }
}

async function execute(body) {
  const answer = await runner.execute(body, 'model')
  return { status: 'Success', error: null, ...answer }
}

const server = http.createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', async () => {
    const body = JSON.parse(Buffer.concat(parts).toString())
    const answer = await (request.url.includes('/v4/') ? executeMany(body) : execute(body))
    const content = Buffer.from(JSON.stringify(answer))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': content.length })
    response.end(content)
  })
})

runner.append({ id: 'model', url: model, size: Number(workers) }).then(() => {
  server.listen(0, '127.0.0.1', () => process.stdout.write(`port ${server.address().port}\n`))
})
