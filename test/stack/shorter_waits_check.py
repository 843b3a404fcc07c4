"""Run in a container of the members' image: the waits that their Patroni has been given. Prints one JSON object."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from unittest.mock import MagicMock

sys.path.insert(0, '/usr/local/lib/neuronha')
import shorter_waits
import patroni.ha
import psutil
from patroni.ha import Ha
from patroni.postgresql import Postgresql

shorter_waits.shorten()


class Standby:
    """What get_replica_timeline needs of a member; counts the replication connections that it would open."""

    asked = 0
    answer = 7
    _postmaster_proc = object()

    def open_connection(self):
        self.asked += 1
        time.sleep(0.5)
        return self.answer


shorter_waits.ask_timeline = Standby.open_connection


def ask_at_once(standby, times):
    before, answers = standby.asked, []

    def ask():
        answers.append(Postgresql.get_replica_timeline(standby))

    threads = [threading.Thread(target=ask) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [standby.asked - before, sorted(set(map(str, answers)))]


def timelines():
    standby, found = Standby(), {}
    found['ten at once'] = ask_at_once(standby, 10)
    standby.answer = 8
    standby._postmaster_proc = object()
    found['another postmaster'] = ask_at_once(standby, 1)
    standby.answer = 9
    time.sleep(shorter_waits.TIMELINE_MAX_AGE_SECONDS)
    found['a second later'] = ask_at_once(standby, 1)
    standby.answer = None
    time.sleep(shorter_waits.TIMELINE_MAX_AGE_SECONDS)
    found['no answer, for three at once'] = ask_at_once(standby, 3)
    found['then once more'] = ask_at_once(standby, 1)
    return found


class StateHandler:
    def __init__(self, postmaster):
        self.is_running = lambda: postmaster


def seconds_asleep(walsender_seconds, sleep_seconds):
    """How long on_shutdown sleeps when asked for so long, while a WAL sender lives for so long."""
    command = f'exec -a "postgres: demo: walsender replicator" sleep {walsender_seconds} & wait'
    child = subprocess.Popen(['bash', '-c', command])
    postmaster = psutil.Process(child.pid)
    while not shorter_waits.has_wal_senders(postmaster):
        time.sleep(0.01)
    self = object.__new__(Ha)
    self.state_handler = StateHandler(postmaster)

    def on_shutdown():
        self
        patroni.ha.time.sleep(sleep_seconds)

    began = time.monotonic()
    on_shutdown()
    took = time.monotonic() - began
    for process in [*postmaster.children(), postmaster]:
        # the shell ends by itself when its child has
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    child.wait()
    return took


class CrashingHa(Ha):
    """Patroni's own, begun as Patroni begins it; counts how often it is woken."""

    woken = 0
    leads = True
    paused = False

    def is_leader(self):
        return self.leads

    def is_paused(self):
        return self.paused

    def wakeup(self):
        self.woken += 1


def begin_postmaster(ha):
    child = subprocess.Popen(['sleep', '600'])
    ha.state_handler._postmaster_proc = psutil.Process(child.pid)
    return child


def woken():
    """Postmasters live for a while and are killed: how often the loop was woken before and after each end."""
    patroni = MagicMock()
    patroni.postgresql._postmaster_proc = None
    ha = CrashingHa(patroni)
    counts = []
    for ha.leads, ha.paused in [(True, False), (True, False), (False, False), (True, True)]:
        child = begin_postmaster(ha)
        time.sleep(1)
        counts.append(ha.woken)
        child.kill()
        child.wait()
        time.sleep(2)
        counts.append(ha.woken)
    return counts


POSTGRES_BIN = '/usr/lib/postgresql/17/bin'
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{directory}'
shared_buffers = 1MB
wal_retrieve_retry_interval = 60s
primary_conninfo = 'host=127.0.0.1 port={port} sslmode=disable gssencmode=disable'
"""


class PromotedMember:
    """What Patroni's _wait_promote needs of a member: the real PostgreSQL of a directory."""

    def __init__(self, data):
        self.data = data
        pid = int((data / 'postmaster.pid').read_text().split()[0])
        self.is_running = lambda: psutil.Process(pid)

    def controldata(self):
        out = subprocess.run([f'{POSTGRES_BIN}/pg_controldata', self.data], check=True, text=True, capture_output=True)
        return {key: value.strip() for key, _, value in (line.partition(':') for line in out.stdout.splitlines())}

    def set_role(self, role):
        pass


def seconds_to_promote():
    """Of a standby that has lost its primary, when it has asked for a WAL receiver that has not been started yet.

    After the first failure it tries again at once, after the second it sleeps."""
    with tempfile.TemporaryDirectory() as directory, socket.create_server(('127.0.0.1', 0)) as primary:
        data = pathlib.Path(directory, 'data')
        pg_ctl = [f'{POSTGRES_BIN}/pg_ctl', '--pgdata', data, '--silent']
        quiet = {'check': True, 'stdout': subprocess.DEVNULL}
        subprocess.run([f'{POSTGRES_BIN}/initdb', '--no-sync', '--auth', 'trust', '--pgdata', data], **quiet)
        settings = SETTINGS.format(directory=directory, port=primary.getsockname()[1])
        (data / 'postgresql.auto.conf').write_text(settings)
        (data / 'standby.signal').touch()
        subprocess.run([*pg_ctl, '--wait', '--log', os.devnull, 'start'], **quiet)
        try:
            member = PromotedMember(data)
            postmaster = member.is_running()
            startup, = filter(shorter_waits.is_startup, postmaster.children())
            primary.settimeout(20)
            for _ in range(2):
                primary.accept()[0].close()
            time.sleep(1)
            postmaster.suspend()
            startup.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            subprocess.run([*pg_ctl, '--no-wait', 'promote'], **quiet)
            postmaster.resume()
            began = time.monotonic()
            Postgresql._wait_promote(member, 45)
            return time.monotonic() - began
        finally:
            subprocess.run([*pg_ctl, '--wait', '--mode', 'immediate', 'stop'], **quiet)


def plain_sleep():
    began = time.monotonic()
    patroni.ha.time.sleep(0.3)
    return time.monotonic() - began


print(json.dumps({
    'timelines': timelines(),
    'the sender ends': seconds_asleep(0.2, 60),
    'the sender stays': seconds_asleep(60, 0.5),
    'elsewhere': plain_sleep(),
    'woken': woken(),
    'the promotion': seconds_to_promote(),
}))
