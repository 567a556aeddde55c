/* Runs a compiled model in bare V8. Python puts requests into the inbox and takes answers out of the outbox; both are
   ArrayBuffers that Python sees as memory, so that bytes cross in one piece and never as text. The head, a third one, is
   written as the work goes on and is readable even after the script was stopped in the middle of a record. */
(function () {
  'use strict'
  const HEAD = { DONE: 0, USED: 1, NEEDED: 2, HEAP: 3, LOADED: 4 }
  const now = Date.now, Bytes = Uint8Array, Words = Int32Array, Buffer = ArrayBuffer
  const head = new Words(new Buffer(64))
  let inbox, outbox, inBytes, outBytes, outWords, model = null, workbook = 0, sizeAt = 0, waiting = null, reason = '', clock = 0

  globalThis.location = globalThis.location || { href: '', pathname: '/' }
  globalThis.performance = globalThis.performance || { now }

  function loaded(instance) {
    model = instance
    workbook = model._construct()
    sizeAt = model._malloc(4)
    if (model._is_async(workbook) !== 0) throw new Error('the model calls other services; this runner does not do that')
    head[HEAD.HEAP] = model.HEAPU8.length
    head[HEAD.LOADED] = 1
  }

  /* Says whether the answer fitted. Each is a word for its length, one for its milliseconds, and its bytes. */
  function deliver(bytes, milliseconds) {
    const start = head[HEAD.USED], end = start + 8 + ((bytes.length + 3) & ~3)
    if (end > outbox.byteLength) {
      waiting = { bytes: bytes.slice(), milliseconds }
      head[HEAD.NEEDED] = end - start
      return false
    }
    outWords[start >> 2] = bytes.length
    outWords[(start >> 2) + 1] = milliseconds
    outBytes.set(bytes, start + 8)
    head[HEAD.USED] = end
    head[HEAD.DONE]++
    return true
  }

  function compute(start, length) {
    const started = clock
    const input = model._malloc(length || 1)
    model.HEAPU8.set(inBytes.subarray(start, start + length), input)
    const output = model._node_calc_v3(workbook, input, length, sizeAt)
    clock = now()
    const fits = deliver(model.HEAPU8.subarray(output, output + model.getValue(sizeAt, 'i32')), clock - started)
    model._free(input)
    model._free(output)
    return fits
  }

  return {
    head: () => head.buffer,
    inbox: (size) => {
      inbox = new Buffer(size)
      inBytes = new Bytes(inbox)
      return inbox
    },
    outbox: (size) => {
      outbox = new Buffer((size + 3) & ~3)
      outBytes = new Bytes(outbox)
      outWords = new Words(outbox)
      return outbox
    },
    load: (sizes) => {
      const files = {}
      let start = 0
      for (const [name, size] of sizes) {
        files[name] = inbox.slice(start, start + size)
        start += size
      }
      const quiet = () => {}
      Module({
        wasmBinary: files[''],
        getPreloadedPackage: (name) => files[name] || null,
        print: quiet,
        printErr: quiet,
      }).then(loaded).catch((error) => {
        reason = String(error)
        head[HEAD.LOADED] = -1
      })
    },
    reason: () => reason,
    /* Records `first` to `count` of the inbox, until all are done, the outbox is full or the slice of time is over. */
    run: (first, count, slice) => {
      const sizes = new Words(inbox, 0, count)
      let start = 4 * count
      for (let i = 0; i < first; i++) start += sizes[i]
      clock = now()
      const until = clock + slice
      head[HEAD.USED] = head[HEAD.NEEDED] = 0
      head[HEAD.DONE] = first
      if (waiting) {
        const { bytes, milliseconds } = waiting
        waiting = null
        if (!deliver(bytes, milliseconds)) return
        start += sizes[first]
      }
      for (let i = head[HEAD.DONE]; i < count; i++) {
        if (!compute(start, sizes[i])) return
        start += sizes[i]
        if (clock >= until) break
      }
      head[HEAD.HEAP] = model.HEAPU8.length
    },
  }
})()
