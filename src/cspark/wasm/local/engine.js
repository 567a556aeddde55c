/* Runs a compiled model in bare V8. Python puts requests into the inbox and takes answers out of the outbox; both are
   ArrayBuffers that Python sees as memory, so that bytes cross in one piece and never as text. The head, a third one, is
   written as the work goes on and is readable even after the script was stopped in the middle of a record. */
(function () {
  'use strict'
  const HEAD = { DONE: 0, USED: 1, NEEDED: 2, HEAP: 3, COMPILED: 4 }
  const now = Date.now, Bytes = Uint8Array, Words = Int32Array, Buffer = ArrayBuffer
  const head = new Words(new Buffer(64))
  let inbox = new Buffer(0), outbox = new Buffer(0), model = null, workbook = 0, waiting = null

  globalThis.location = globalThis.location || { href: '', pathname: '/' }
  globalThis.performance = globalThis.performance || { now }

  function loaded(instance) {
    model = instance
    workbook = model._construct()
    if (model._is_async(workbook) !== 0) throw new Error('the model calls other services; this runner does not do that')
    head[HEAD.HEAP] = model.HEAPU8.length
    head[HEAD.COMPILED] = 1
  }

  /* Says whether the answer fitted. Each is a word for its length, one for its milliseconds, and its bytes. */
  function deliver(bytes, milliseconds) {
    const start = head[HEAD.USED], end = start + 8 + ((bytes.length + 3) & ~3)
    if (end > outbox.byteLength) {
      waiting = { bytes, milliseconds }
      head[HEAD.NEEDED] = end - start
      return false
    }
    new Words(outbox, start, 2).set([bytes.length, milliseconds])
    new Bytes(outbox, start + 8, bytes.length).set(bytes)
    head[HEAD.USED] = end
    head[HEAD.DONE]++
    return true
  }

  function compute(request) {
    const started = now()
    const input = model._malloc(request.length || 1), size = model._malloc(4)
    model.HEAPU8.set(request, input)
    const output = model._node_calc_v3(workbook, input, request.length, size)
    const length = model.getValue(size, 'i32')
    const answer = model.HEAPU8.slice(output, output + length)
    model._free(input)
    model._free(size)
    model._free(output)
    return deliver(answer, now() - started)
  }

  return {
    head: () => head.buffer,
    inbox: (size) => (inbox = new Buffer(size)),
    outbox: (size) => (outbox = new Buffer(size)),
    load: (sizes) => {
      const files = {}
      let start = 0
      for (const [name, size] of sizes) {
        files[name] = inbox.slice(start, start + size)
        start += size
      }
      const quiet = () => {}
      return Module({
        wasmBinary: files[''],
        getPreloadedPackage: (name) => files[name] || null,
        print: quiet,
        printErr: quiet,
      }).then(loaded)
    },
    /* Records `first` to `count` of the inbox, until all are done, the outbox is full or the slice of time is over. */
    run: (first, count, slice) => {
      const sizes = new Words(inbox, 0, count)
      let start = 4 * count
      for (let i = 0; i < first; i++) start += sizes[i]
      const until = now() + slice
      head[HEAD.USED] = head[HEAD.NEEDED] = 0
      head[HEAD.DONE] = first
      if (waiting) {
        const { bytes, milliseconds } = waiting
        waiting = null
        if (!deliver(bytes, milliseconds)) return
        start += sizes[first]
      }
      for (let i = head[HEAD.DONE]; i < count; i++) {
        if (!compute(new Bytes(inbox, start, sizes[i]))) return
        start += sizes[i]
        if (now() >= until) break
      }
      head[HEAD.HEAP] = model.HEAPU8.length
    },
  }
})()
