/* Runs a compiled model in bare V8. The worker writes requests into the inbox and reads answers from the outbox. Both are
   ArrayBuffers that the worker sees as memory, so that data crosses as bytes in one piece and never as text. A third
   buffer, the head, is updated during the work and can be read even while a record hangs.

   The script of a package runs in the same V8 and is not trusted. It must never reach the memory that the worker sees: if
   it detached or resized one of these buffers, the worker would read freed memory. So this code runs before the script
   and keeps its own references to V8's functions. The buffers stay in this closure, have a fixed length and live as long
   as the engine. No method that a script could have replaced is called on them or on their views. The model sees copies. */
(function () {
  'use strict'
  const HEAD = { DONE: 0, USED: 1, NEEDED: 2, LOADED: 3, FIRST: 4, COUNT: 5, PREFIX: 6, SUFFIX: 7, SLICE: 8, SIZE: 9 }
  const Bytes = Uint8Array, Words = Int32Array, Buffer = ArrayBuffer, Text = String, Fault = Error
  const now = Date.now, parse = JSON.parse, apply = Reflect.apply, then = Promise.prototype.then, promised = Promise.resolve.bind(Promise)
  const copy = Function.prototype.call.bind(Uint8Array.prototype.set)
  const cut = Function.prototype.call.bind(String.prototype.slice)
  const letter = String.fromCharCode
  const headBuffer = new Buffer(64), head = new Words(headBuffer)
  let inbox, outBytes, outWords, capacity = 0, model = null, workbook = 0, sizeAt = 0, clock = 0
  let waiting = null, waitingSize = 0, waitingTime = 0, reason = '', said = '', kept = null

  globalThis.location = globalThis.location || { href: '', pathname: '/' }
  globalThis.performance = globalThis.performance || { now }

  /* Keeps buffers alive in a linked list without a prototype: an array or a plain object could run a setter that a script
     has put into a prototype. */
  function keep(buffer) {
    kept = { __proto__: null, buffer, earlier: kept }
    return buffer
  }

  function bytesOf(buffer, start, length) {
    return new Bytes(buffer, start, length)
  }

  function loaded(instance) {
    model = instance
    workbook = model._construct()
    sizeAt = model._malloc(4) >>> 0
    if (sizeAt === 0) throw new Fault('the model has no memory')
    const asynchronous = typeof model._is_async === 'function' ? model._is_async(workbook) : 0
    if (asynchronous === 1 || asynchronous === true || asynchronous === 'true')
      throw new Fault('the model calls other services, which this runner does not support')
    head[HEAD.LOADED] = 1
  }

  function failed(error) {
    reason = Text(error)
    head[HEAD.LOADED] = -1
  }

  /* Copies an answer into the outbox and returns whether it fits. An answer is its length and its milliseconds, a word
     each, and its bytes. */
  function place(buffer, at, length, milliseconds) {
    const start = head[HEAD.USED], end = start + 8 + ((length + 3) & ~3)
    if (end > capacity) {
      head[HEAD.NEEDED] = end - start
      return false
    }
    outWords[start >> 2] = length
    outWords[(start >> 2) + 1] = milliseconds
    copy(outBytes, bytesOf(buffer, at, length), start + 8)
    return true
  }

  /* Counts an answer in the outbox as delivered, whatever the package does next. */
  function deliver(length) {
    head[HEAD.USED] += 8 + ((length + 3) & ~3)
    head[HEAD.DONE]++
  }

  function compute(prefix, suffix, start, length) {
    const started = clock, size = prefix + length + suffix
    const input = model._malloc(size || 1) >>> 0
    if (input === 0) throw new Fault('the model has no memory for a request of ' + size + ' bytes')
    const heap = model.HEAPU8
    copy(heap, bytesOf(inbox, 0, prefix), input)
    copy(heap, bytesOf(inbox, start, length), input + prefix)
    copy(heap, bytesOf(inbox, prefix, suffix), input + prefix + length)
    said = ''
    const output = model._node_calc_v3(workbook, input, size, sizeAt) >>> 0
    clock = now()
    const answered = model.getValue(sizeAt, 'i32') | 0
    if (answered < 0) throw new Fault('the model answers with ' + answered + ' bytes')
    const memory = model.HEAPU8.buffer, fits = place(memory, output, answered, clock - started)
    if (!fits) {
      waiting = new Buffer(answered)
      waitingSize = answered
      waitingTime = clock - started
      copy(new Bytes(waiting), bytesOf(memory, output, answered), 0)
    }
    model._free(input)
    model._free(output)
    if (fits) deliver(answered)
    return fits
  }

  return {
    /* These functions take no arguments, because arguments pass through objects that a script may have changed. */
    head: () => headBuffer,
    inbox: () => (inbox = keep(new Buffer(head[HEAD.SIZE]))),
    outbox: () => {
      capacity = (head[HEAD.SIZE] + 3) & ~3
      const buffer = keep(new Buffer(capacity))
      outBytes = new Bytes(buffer)
      outWords = new Words(buffer)
      return buffer
    },
    /* The inbox holds `[[name, size], ...]` as ASCII JSON of SIZE bytes, followed by the WASM and the other files. */
    load: () => {
      const files = { __proto__: null }, described = bytesOf(inbox, 0, head[HEAD.SIZE])
      let start = head[HEAD.SIZE], text = ''
      for (let i = 0; i < start; i++) text += letter(described[i])
      const sizes = parse(text)
      for (let i = 0; i < sizes.length; i++) {
        const buffer = new Buffer(sizes[i][1])
        copy(new Bytes(buffer), bytesOf(inbox, start, sizes[i][1]), 0)
        files[sizes[i][0]] = buffer
        start += sizes[i][1]
      }
      try {
        const promise = promised(Module({
          wasmBinary: files[''],
          getPreloadedPackage: (name) => files[name] || null,
          print: () => {},
          printErr: (text) => { said = cut(said + Text(text) + ' ', -500) },
        }))
        apply(then, apply(then, promise, [loaded]), [undefined, failed])
      } catch (error) {
        failed(error)
      }
    },
    reason: () => reason,
    said: () => said,
    /* The inbox holds the prefix and suffix of each record, the lengths of the records, and the records. Records from
       FIRST on are computed until all are done, the outbox is full, or the time slice is over. */
    run: () => {
      const first = head[HEAD.FIRST], count = head[HEAD.COUNT], prefix = head[HEAD.PREFIX], suffix = head[HEAD.SUFFIX]
      const table = (prefix + suffix + 3) & ~3, sizes = new Words(inbox, table, count)
      let start = table + 4 * count, next = first
      for (let i = 0; i < first; i++) start += sizes[i]
      clock = now()
      const until = clock + head[HEAD.SLICE]
      if (waiting) {
        if (!place(waiting, 0, waitingSize, waitingTime)) return
        deliver(waitingSize)
        waiting = null
        start += sizes[next++]
      }
      for (; next < count; next++) {
        if (!compute(prefix, suffix, start, sizes[next])) return
        start += sizes[next]
        if (clock >= until) break
      }
    },
  }
})()
