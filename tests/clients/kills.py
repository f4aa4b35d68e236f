# SPDX-License-Identifier: Apache-2.0
"""kill -9 while sessions are saved: every file is the old one or the new one, none half.

usage: kills.py PROGRAM MODEL [ROUNDS]

Half of the rounds kill a server that saves a slot again and again, the other half a chat with --session. What
lies there afterwards is read back by the program itself, which checks sums; nothing half-written stays behind
once somebody has saved again.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

from serving import Server

random.seed(7)


def fill_slot(server, slot, words):
    body = {"prompt": "word " * words, "n_predict": 1, "id_slot": slot, "temperature": 0}
    status, answer = server.post("/completion", body)
    assert status == 200 and answer["id_slot"] == slot, answer


def save_for_ever(server, seen):
    try:
        for i in range(1_000_000):
            status, answer = server.post(f"/slots/{i % 2}?action=save", {"filename": "s"})
            assert status == 200, answer
            seen.append(answer["n_saved"])
    except (OSError, ValueError):  # the server is dead, or died while it answered
        pass


def restore(server, slot, name):
    status, answer = server.post(f"/slots/{slot}?action=restore", {"filename": name})
    assert status == 200, answer
    return answer["n_restored"]


def kill_servers(program, model, rounds):
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--slot-save-path", folder, "--context", "8192", "--parallel", "2"]
        with Server(program, model, *flags) as server:
            for slot, name in enumerate("ab"):  # the two contents that "s" may have; their sizes tell them apart
                fill_slot(server, slot, 2000 + 2000 * slot)
                assert server.post(f"/slots/{slot}?action=save", {"filename": name})[0] == 200
            sizes = {restore(server, 0, "a"), restore(server, 1, "b")}
            assert len(sizes) == 2, sizes
        saves = 0
        for round_number in range(rounds):
            server = Server(program, model, *flags)
            if round_number > 0 and os.path.exists(os.path.join(folder, "s")):
                assert restore(server, 0, "s") in sizes
            restore(server, 0, "a")
            restore(server, 1, "b")
            seen = []
            writer = threading.Thread(target=save_for_ever, args=(server, seen))
            writer.start()
            time.sleep(random.random() * 0.1)
            server.kill()
            writer.join()
            assert set(seen) <= sizes, seen
            saves += len(seen)
        with Server(program, model, *flags) as server:
            assert restore(server, 0, "s") in sizes
            assert server.post("/slots/0?action=save", {"filename": "s"})[0] == 200
        assert sorted(os.listdir(folder)) == ["a", "b", "s"], os.listdir(folder)
    print(f"{rounds} servers were killed, {saves} saves had ended: every file was whole")


def turns_of(path):
    with open(path, encoding="utf-8") as file:
        return [m["content"] for m in json.load(file)["messages"] if m["role"] == "user"]


def run_chat(program, model, path, text, seconds=None):
    command = [program, "chat", model, "--session", path, "--max-tokens", "4"]
    chat = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if seconds is None:
        return chat.communicate(text.encode())[0].decode(), chat.returncode
    chat.stdin.write(text.encode())
    chat.stdin.close()
    chat.stdout.readline()  # it answers: the save is near
    time.sleep(seconds)
    chat.kill()
    chat.wait()
    return "", -9


def kill_chats(program, model, rounds):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        asked = ["first"]
        output, code = run_chat(program, model, path, "first\n")
        assert code == 0, output
        begin = time.monotonic()
        run_chat(program, model, path, "")
        usual = time.monotonic() - begin
        kept = 0
        for i in range(rounds):
            run_chat(program, model, path, f"turn {i}\n", random.random() * usual)
            turns = turns_of(path)
            assert turns in (asked, asked + [f"turn {i}"]), turns
            kept += turns != asked
            asked = turns[-8:]
            if len(turns) > 8:  # a fresh one, so that the rounds stay short
                os.unlink(path)
                asked = [f"again {i}"]
                run_chat(program, model, path, f"again {i}\n")
        output, code = run_chat(program, model, path, "last\n")
        assert code == 0 and turns_of(path) == asked + ["last"], output
        assert "damaged" not in output and "not a session" not in output, output
        assert sorted(os.listdir(folder)) == ["s", "s.pages"], os.listdir(folder)
    print(f"{rounds} chats were killed, {kept} had saved before: every file was whole")


def main():
    program, model = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    kill_servers(program, model, rounds - rounds // 2)
    kill_chats(program, model, rounds // 2)


if __name__ == "__main__":
    main()
