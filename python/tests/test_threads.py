"""Threads and processes: the interpreter is free while the network runs."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import RATE, chirp, picture

import lookhear


def test_other_threads_go_on_while_the_network_runs():
    model = lookhear.Model(threads=1)
    worker = threading.Thread(target=model.embed_audio, args=(chirp(4.0), RATE))
    worker.start()
    turns = 0
    while worker.is_alive():
        turns += 1
        time.sleep(0.002)
    # Half a second of work at the very least; with the lock held there would be a turn or two.
    assert turns > 20


def test_threads_share_a_model_and_get_what_one_would(model):
    sounds = [chirp(0.5 + n / 10) for n in range(4)]
    expected = [model.embed_audio(sound, RATE, pool="global")[0] for sound in sounds]
    score = model.judge(picture(), sounds[0], RATE).score
    found, scores = [None] * 4, []

    def work(n):
        found[n] = model.embed_audio(sounds[n], RATE, pool="global")[0]
        scores.append(model.judge(picture(), sounds[0], RATE).score)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(found, expected))
    assert scores == [score] * 4


def test_control_c_ends_a_long_call():
    code = (
        # Who is started in the background ignores Ctrl-C, and so do its children.
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import numpy as np, lookhear\n"
        "model = lookhear.Model()\n"
        "print('ready', flush=True)\n"
        "try: model.embed_audio(np.ones(48_000 * 3_600, np.float32), 48_000)\n"
        "except KeyboardInterrupt: print(model.embed_image(np.zeros((9, 9, 3), np.uint8)).shape)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=60)[0] == "(3072,)\n", "the model can be used on"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_model_from_before_a_fork_says_so(model):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            model.embed_image(picture())
            os.write(write, b"nothing was said")
        except RuntimeError as error:
            os.write(write, str(error).encode())
        os._exit(0)
    os.close(write)
    assert b"Make a Model in each process" in os.read(read, 1000)
    os.waitpid(child, 0)
