/**
 * As much of a container runtime as a kubelet needs to start its server: whatever it is asked over gRPC, it answers with
 * its version. By hand: the kubelet calls the host by the path of the socket, which Node's HTTP/2 refuses.
 */
import { createServer, type Socket } from 'node:net'

const PREFACE = 24
const HEAD = 9
const TYPE = { data: 0, headers: 1, settings: 4, ping: 6 } as const
const END_STREAM = 1
const ACK = 1
const END_HEADERS = 4

interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

function encode({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(HEAD)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const text = (value: string) => Buffer.concat([Buffer.of(value.length), Buffer.from(value)])

/** Fields 1 to 4 of a VersionResponse, all of them text. */
const VERSION = Buffer.concat(
  ['0.1.0', 'none', '1.0.0', 'v1alpha2'].map((value, index) =>
    Buffer.concat([Buffer.of(((index + 1) << 3) | 2), text(value)]),
  ),
)
const MESSAGE = Buffer.concat([Buffer.of(0, 0, 0, 0, VERSION.length), VERSION])
/** HPACK: `:status: 200` and `content-type` by their indexes. */
const HEADERS = Buffer.concat([Buffer.of(0x88, 0x0f, 0x10), text('application/grpc')])
const TRAILERS = Buffer.concat([Buffer.of(0), text('grpc-status'), text('0')])

function answer(stream: number): Buffer {
  return Buffer.concat([
    encode({ type: TYPE.headers, flags: END_HEADERS, stream, payload: HEADERS }),
    encode({ type: TYPE.data, flags: 0, stream, payload: MESSAGE }),
    encode({ type: TYPE.headers, flags: END_HEADERS | END_STREAM, stream, payload: TRAILERS }),
  ])
}

function reply(socket: Socket, { type, flags, stream, payload }: Frame): void {
  const isCall = type === TYPE.data || type === TYPE.headers
  if (isCall && flags & END_STREAM) socket.write(answer(stream))
  if ((type === TYPE.settings || type === TYPE.ping) && !(flags & ACK))
    socket.write(
      encode({ type, flags: ACK, stream, payload: type === TYPE.ping ? payload : Buffer.alloc(0) }),
    )
}

function serve(socket: Socket): void {
  let rest = Buffer.alloc(0)
  let isGreeted = false
  socket.write(encode({ type: TYPE.settings, flags: 0, stream: 0, payload: Buffer.alloc(0) }))
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    if (!isGreeted && rest.length >= PREFACE) {
      isGreeted = true
      rest = rest.subarray(PREFACE)
    }
    for (; isGreeted && rest.length >= HEAD; ) {
      const end = HEAD + rest.readUIntBE(0, 3)
      if (rest.length < end) return
      const [type, flags] = [rest.readUInt8(3), rest.readUInt8(4)]
      reply(socket, { type, flags, stream: rest.readUInt32BE(5), payload: rest.subarray(HEAD, end) })
      rest = rest.subarray(end)
    }
  })
}

/** Listens on a socket of that path; answers what stops it. */
export async function startContainerRuntime(path: string): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    serve(socket)
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  return () => {
    for (const socket of sockets) socket.destroy()
    return new Promise(resolve => server.close(() => resolve()))
  }
}
