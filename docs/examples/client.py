"""Speech in a WAV file (16-bit), over the wire of docs/protocol.md: pip install websockets; python client.py speech.wav
A server that asks who you are: MILLRACE_TOKEN=... python client.py speech.wav wss://example.org/v1/stream"""
import asyncio, json, os, sys, wave
from websockets.asyncio.client import connect


async def main(path, url="ws://127.0.0.1:8080/v1/stream"):
    token = os.environ.get("MILLRACE_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with wave.open(path) as wav:
        form = {"encoding": "pcm_s16le", "rate": wav.getframerate(), "channels": wav.getnchannels()}
        rows, audio = wav.getframerate() // 50, wav.readframes(wav.getnframes())
    width = 2 * form["channels"]
    async with connect(url, subprotocols=["millrace.v1"], additional_headers=headers) as ws:
        await ws.send(json.dumps({"type": "start", "v": 1, "pipeline": "vad", "format": form}))
        credit = json.loads(await ws.recv())["credit"]  # bytes that may be outstanding past the last ack
        acked, sent, room = 0, 0, asyncio.Event()

        async def send():
            nonlocal sent
            while sent < len(audio):
                while sent - acked > credit - rows * width:
                    room.clear()
                    await room.wait()
                await ws.send(audio[sent : sent + rows * width])
                sent += rows * width
            await ws.send('{"type":"close"}')

        sending = asyncio.create_task(send())
        async for text in ws:
            message = json.loads(text)
            if message["type"] == "ack":
                acked = message["offset"] * width
                room.set()
            elif message["type"] in ("result", "gap", "error", "end"):
                print(text)
        await sending


asyncio.run(main(*sys.argv[1:]))
