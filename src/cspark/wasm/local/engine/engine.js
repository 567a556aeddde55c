/* Runs a compiled model in bare V8. The worker writes requests into the inbox and reads answers from the outbox. Both are
   ArrayBuffers that the worker sees as memory, so that data crosses as bytes in one piece and never as text. A third
   buffer, the head, is updated during the work and can be read even while a record hangs.

   The script of a package runs in the same V8 and is not trusted. It must never reach the memory that the worker sees: if
   it detached or resized one of these buffers, the worker would read freed memory. So this code runs before the script
   and keeps its own references to V8's functions. The buffers stay in this closure, have a fixed length and live as long
   as the engine. No method that a script could have replaced is called on them or on their views. The model sees copies. */
(function () {
  'use strict'
  const HEAD = {
    DONE: 0, USED: 1, NEEDED: 2, LOADED: 3, FIRST: 4, COUNT: 5, PREFIX: 6, SUFFIX: 7, SLICE: 8, SIZE: 9, STATE: 10, ASKED: 11,
    CALLS: 12, CALLER: 13,
  }
  const STATE = { RUNNING: 0, SETTLED: 1, ASKING: 2, BROKEN: 3 }
  const MOST_ASKED = 1000, LARGEST_REQUEST = 1 << 25, TEXT_PIECE = 1 << 13
  const Bytes = Uint8Array, Words = Int32Array, Buffer = ArrayBuffer, Text = String, Fault = Error, Pledge = Promise
  const now = Date.now, parse = JSON.parse, apply = Reflect.apply, then = Promise.prototype.then, promised = Promise.resolve.bind(Promise)
  const copy = Function.prototype.call.bind(Uint8Array.prototype.set)
  const cut = Function.prototype.call.bind(String.prototype.slice)
  const letter = String.fromCharCode
  const headBuffer = new Buffer(64), head = new Words(headBuffer)
  let inbox, mailbox, callBytes, callWords, outBytes, outWords, capacity = 0, model = null, workbook = 0, sizeAt = 0, clock = 0
  let waiting = null, waitingSize = 0, waitingTime = 0, reason = '', said = '', kept = null
  let asynchronous = false, sizes = null, next = 0, start = 0, until = 0, started = 0, input = 0
  let asked = null, handed = null, callCapacity = 0

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
    const answered = typeof model._is_async === 'function' ? model._is_async(workbook) : 0
    asynchronous = answered === 1 || answered === true || answered === 'true'
    if (asynchronous) model.dispatch = dispatch
    head[HEAD.LOADED] = asynchronous ? 2 : 1
  }

  function failed(error) {
    head[HEAD.LOADED] = -1
    reason = Text(error)
  }

  /* Ends the run: the model threw. */
  function broke(error) {
    head[HEAD.STATE] = STATE.BROKEN
    reason = Text(error)
  }

  /* What a model calls while it computes a record: keeps the request until the worker fetches it, and promises the
     answer. */
  function dispatch(kind, pointer, length) {
    const at = pointer >>> 0, size = length | 0, which = kind | 0
    return new Pledge((resolve) => {
      try {
        if (head[HEAD.ASKED] >= MOST_ASKED) throw new Fault('the model makes more than ' + MOST_ASKED + ' calls at once')
        if (size < 0 || size > LARGEST_REQUEST) throw new Fault('the model calls a service with ' + size + ' bytes')
        const buffer = new Buffer(size)
        copy(new Bytes(buffer), bytesOf(model.HEAPU8.buffer, at, size), 0)
        asked = { __proto__: null, kind: which, buffer, size, resolve, earlier: asked }
        head[HEAD.ASKED]++
        if (head[HEAD.STATE] !== STATE.BROKEN) head[HEAD.STATE] = STATE.ASKING
      } catch (error) {
        broke(error)
      }
    })
  }

  /* Returns the requests in the order in which they were made. */
  function inOrder(latest) {
    let first = null
    for (let each = latest; each; each = each.earlier) first = { __proto__: null, each, later: first }
    return first
  }

  /* Reads ASCII text. The pieces are copies, because `apply` looks for their length where a script may have changed it. */
  function textOf(buffer, from, length) {
    let text = ''
    for (let at = 0; at < length; at += TEXT_PIECE) {
      const size = length - at < TEXT_PIECE ? length - at : TEXT_PIECE, piece = new Bytes(size)
      copy(piece, bytesOf(buffer, from + at, size), 0)
      text += apply(letter, undefined, piece)
    }
    return text
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

  /* Copies the next request into the model's memory and returns its size. */
  function feed() {
    const prefix = head[HEAD.PREFIX], suffix = head[HEAD.SUFFIX], length = sizes[next], size = prefix + length + suffix
    started = clock
    input = model._malloc(size || 1) >>> 0
    if (input === 0) throw new Fault('the model has no memory for a request of ' + size + ' bytes')
    const heap = model.HEAPU8
    copy(heap, bytesOf(inbox, 0, prefix), input)
    copy(heap, bytesOf(inbox, start, length), input + prefix)
    copy(heap, bytesOf(inbox, prefix, suffix), input + prefix + length)
    said = ''
    return size
  }

  /* Copies the model's answer into the outbox, goes on to the next record, and returns whether the answer fits. */
  function collect(pointer) {
    const output = pointer >>> 0
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
    if (fits) advance(answered)
    return fits
  }

  /* Counts the answer of a record, and goes on to the next one. */
  function advance(length) {
    deliver(length)
    start += sizes[next++]
  }

  function isOver() {
    return next >= head[HEAD.COUNT] || (next > head[HEAD.FIRST] && clock >= until)
  }

  /* Starts the next record of a model that calls other services. It ends in `finished` when the model has answered, which
     can take several calls of `resume`. */
  function begin() {
    if (isOver()) {
      head[HEAD.STATE] = STATE.SETTLED
      return
    }
    const size = feed()
    const promise = promised(typeof model.ccall !== 'function' ? model._node_calc_v3(workbook, input, size, sizeAt)
      : model.ccall('node_calc_v3', 'number', ['number', 'number', 'number', 'number'],
        [workbook, input, size, sizeAt], { async: true }))
    apply(then, promise, [finished, broke])
  }

  /* Drops calls that the model did not wait for. */
  function forget() {
    asked = null
    head[HEAD.ASKED] = 0
  }

  function finished(output) {
    try {
      if (head[HEAD.STATE] === STATE.BROKEN) return
      forget()
      head[HEAD.STATE] = STATE.RUNNING
      if (collect(output)) begin()
      else head[HEAD.STATE] = STATE.SETTLED
    } catch (error) {
      broke(error)
    }
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
      const files = { __proto__: null }, described = parse(textOf(inbox, 0, head[HEAD.SIZE]))
      let from = head[HEAD.SIZE]
      for (let i = 0; i < described.length; i++) {
        const buffer = new Buffer(described[i][1])
        copy(new Bytes(buffer), bytesOf(inbox, from, described[i][1]), 0)
        files[described[i][0]] = buffer
        from += described[i][1]
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
      const table = (head[HEAD.PREFIX] + head[HEAD.SUFFIX] + 3) & ~3
      sizes = new Words(inbox, table, head[HEAD.COUNT])
      start = table + 4 * head[HEAD.COUNT]
      for (next = 0; next < head[HEAD.FIRST]; next++) start += sizes[next]
      clock = now()
      until = clock + head[HEAD.SLICE]
      head[HEAD.STATE] = STATE.RUNNING
      handed = null
      forget()
      if (waiting) {
        if (!place(waiting, 0, waitingSize, waitingTime)) {
          head[HEAD.STATE] = STATE.SETTLED
          return
        }
        advance(waitingSize)
        waiting = null
      }
      if (asynchronous) {
        begin()
        return
      }
      while (!isOver()) {
        const size = feed()
        if (!collect(model._node_calc_v3(workbook, input, size, sizeAt))) break
      }
      head[HEAD.STATE] = STATE.SETTLED
    },
    callbox: () => {
      callCapacity = (head[HEAD.SIZE] + 3) & ~3
      const buffer = keep(new Buffer(callCapacity))
      callBytes = new Bytes(buffer)
      callWords = new Words(buffer)
      return buffer
    },
    /* Hands out the requests of the services that the model calls: copies them into the callbox, each like an answer with
       its kind instead of the milliseconds. Calls that the model makes from then on wait for the next time: V8 goes on with
       promises on a thread of its own. */
    requests: () => {
      if (!handed) {
        handed = inOrder(asked)
        head[HEAD.CALLER] = next
        forget()
        if (head[HEAD.STATE] === STATE.ASKING) head[HEAD.STATE] = STATE.RUNNING
      }
      let size = 0
      for (let one = handed; one; one = one.later) size += 8 + ((one.each.size + 3) & ~3)
      head[HEAD.CALLS] = size
      if (size > callCapacity) return
      let at = 0
      for (let one = handed; one; one = one.later) {
        callWords[at >> 2] = one.each.size
        callWords[(at >> 2) + 1] = one.each.kind
        copy(callBytes, bytesOf(one.each.buffer, 0, one.each.size), at + 8)
        at += 8 + ((one.each.size + 3) & ~3)
      }
    },
    mailbox: () => (mailbox = keep(new Buffer(head[HEAD.SIZE]))),
    /* The mailbox holds the lengths of the answers to the requests that were handed out, and the answers as ASCII. */
    resume: () => {
      let count = 0, i = 0, one = handed
      for (let each = handed; each; each = each.later) count++
      const lengths = new Words(mailbox, 0, count)
      let from = 4 * count
      handed = null
      for (; one; one = one.later) {
        const resolve = one.each.resolve
        resolve(textOf(mailbox, from, lengths[i]))
        from += lengths[i++]
      }
    },
  }
})()
