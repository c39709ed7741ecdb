"""A WebSocket of the server by the library websockets: WEFT_URL=http://127.0.0.1:7600 python3 test_socket.py"""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".deps"))

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import weft

URL = os.environ["WEFT_URL"]


class Socket(unittest.TestCase):
    def test_socket(self):
        with weft.connect(URL) as db:
            db.channel("py").publish_many([{"data": n} for n in range(3)])
            ticket = db.channel("py").ticket(operations=["subscribe", "publish"])
        with connect(f"{URL.replace('http', 'ws')}/api/v1/streaming/channels/py/ws?from=2&ticket={ticket}") as ws:
            def next_frame():
                return json.loads(ws.recv(timeout=30))
            self.assertEqual(next_frame(), {"type": "subscribed", "id": "py", "next_offset": 2})
            f = next_frame()
            self.assertEqual(([m["data"] for m in f["messages"]], f["next_offset"]), ([1, 2], 4))
            ws.send(json.dumps({"op": "publish", "id": "p", "data": "\u00e5", "headers": {"a": "b"}}))
            got = {f["type"]: f for f in (next_frame(), next_frame())}
            self.assertEqual((got["published"]["offset"], got["messages"]["messages"][0]["data"]), (4, "\u00e5"))
            ws.send(json.dumps({"op": "ack", "group": "g", "ack_ids": []}))
            self.assertEqual(next_frame()["error"]["code"], "TICKET_FORBIDS")
            ws.send(b"bytes")
            with self.assertRaises(ConnectionClosed) as e:
                next_frame()
            self.assertEqual(e.exception.rcvd.code, 1003)


if __name__ == "__main__":
    unittest.main()
