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
import psycopg2
from patroni.ha import Ha
from patroni.postgresql import Postgresql
from patroni.postgresql.rewind import Rewind

shorter_waits.shorten()


class Standby:
    """What replica_cached_timeline needs of a member; counts the replication connections that it would open."""

    asked = 0
    answer = 7
    _postmaster_proc = object()
    _cached_replica_timeline = None

    def get_replica_timeline(self):
        self.asked += 1
        time.sleep(0.5)
        return self.answer


def ask_at_once(standby, times):
    before, answers = standby.asked, []

    def ask():
        answers.append(Postgresql.replica_cached_timeline(standby, None))

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


def read_for_rewind():
    """What a standby says of itself that goes over to the next timeline while it is asked; how often it was asked."""
    timelines, lsns = iter([19, 20, 20, 20]), iter([310, 320, 330])
    postgresql = MagicMock(get_replica_timeline=lambda: next(timelines), replayed_location=lambda: next(lsns))
    return [*Rewind(postgresql)._get_local_timeline_lsn(), len([*timelines])]


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


class Asked:
    """Stands for a function of Patroni's that starts a process: remembers what it was asked, and lets it."""

    def __init__(self, name):
        self.asked, self.let = [], getattr(shorter_waits, name)
        setattr(shorter_waits, name, self)

    def __call__(self, member, *asked, **_):
        self.asked.append(asked[0])
        return self.let(member, *asked)


def member_at(data):
    """Patroni's own view of the PostgreSQL in this directory, as far as the waits need it."""
    member = object.__new__(Postgresql)
    member._data_dir, member._major_version = str(data), 170000
    member.pgcommand = lambda program: f'{POSTGRES_BIN}/{program}'
    member._version_file_exists = lambda: True
    member._state, member._state_lock = 'running', threading.Lock()
    member.is_running = lambda: postmaster_of(data)

    def query(sql, retry):
        with contextlib.closing(psycopg2.connect(host=data.parent, dbname='postgres')) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()

    member.query = query
    return member


def postmaster_of(data):
    return psutil.Process(int((data / 'postmaster.pid').read_text().split()[0]))


def until(seen):
    deadline = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def without_processes():
    """A PostgreSQL is reloaded, stopped and promoted; what its WAL ends with, read from its headers and by pg_waldump."""
    waldump, pg_ctl_run = Asked('let_waldump_parse'), Asked('run_pg_ctl')
    with tempfile.TemporaryDirectory() as directory:
        data = pathlib.Path(directory, 'data')
        pg_ctl = [f'{POSTGRES_BIN}/pg_ctl', '--pgdata', data, '--silent']
        quiet = {'check': True, 'stdout': subprocess.DEVNULL}
        start = [*pg_ctl, '--wait', '--log', os.devnull, 'start']
        subprocess.run([f'{POSTGRES_BIN}/initdb', '--no-sync', '--auth', 'trust', '--pgdata', data], **quiet)
        settings = f"listen_addresses = ''\nunix_socket_directories = '{directory}'\nshared_buffers = 1MB\n"
        settings += "archive_mode = on\narchive_command = 'true'\nwal_keep_size = 256MB\n"
        (data / 'postgresql.auto.conf').write_text(settings)
        subprocess.run(start, **quiet)
        member, found = member_at(data), {}
        try:
            (data / 'postgresql.auto.conf').write_text(f'{settings}work_mem = 7MB\n')
            Postgresql.pg_ctl(member, 'reload')
            until(lambda: member.query('SHOW work_mem', False) == [('7MB',)])
            until(lambda: shorter_waits.control_state(data) == 6)
            member.query("SELECT pg_logical_emit_message(false, 'test', 'x')", False)
            found['the stop is seen'] = seconds_to_see_stop(member, [*pg_ctl, '--mode', 'fast', 'stop'])
            control = member.controldata()
            until(lambda: not (data / 'postmaster.pid').exists())
            timeline, lsn = control["Latest checkpoint's TimeLineID"], control['Latest checkpoint location']
            read = [Postgresql.parse_wal_record(member, timeline, lsn)]
            read.append(Postgresql.parse_wal_record(member, timeline, read[0][2]))
            found['read by pg_waldump'] = len(waldump.asked)
            dumped = [waldump.let(member, timeline, at) for at in (lsn, read[0][2])]
            found['as pg_waldump says'] = [(a[0], a[2]) == (b[0], b[2]) for a, b in zip(read, dumped)]
            found['ends at'] = len(set(member._checkpoint_locations_from_controldata(control)))
            Postgresql.parse_wal_record(member, timeline, dumped[1][2])
            Postgresql.parse_wal_record(member, str(int(timeline) + 1), lsn)
            found['left to pg_waldump'] = len(waldump.asked)
            (data / 'standby.signal').touch()
            subprocess.run(start, **quiet)
            Postgresql.pg_ctl(member, 'promote', '-W')
            until(lambda: member.query('SELECT pg_is_in_recovery()', False) == [(False,)])
            found['left to pg_ctl'] = [*pg_ctl_run.asked]
            Postgresql.pg_ctl(member, 'promote', '-W')
            found['a second promotion'] = [*pg_ctl_run.asked]
        finally:
            subprocess.run([*pg_ctl, '--wait', '--mode', 'immediate', 'stop'], **quiet)
    return found


def seconds_to_see_stop(self, stop):
    """How long Patroni's stop sleeps that would sleep for a minute."""

    def _do_stop(self, postmaster):
        subprocess.Popen(stop)
        began = time.monotonic()
        patroni.postgresql.time.sleep(60)
        assert self.controldata()['Database cluster state'] == 'shut down'
        return time.monotonic() - began

    return _do_stop(self, MagicMock(is_running=lambda: True))


def rewinds():
    """How often a pg_rewind that is there and one that fails are started by three questions each."""
    counts = []
    with tempfile.TemporaryDirectory() as directory:
        for code in (0, 1):
            program, log = pathlib.Path(directory, f'pg_rewind{code}'), pathlib.Path(directory, f'log{code}')
            program.write_text(f'#!/bin/sh\necho started >> {log}\nexit {code}\n')
            program.chmod(0o755)
            postgresql = MagicMock(pgcommand=lambda _, path=str(program): path)
            postgresql.controldata.return_value = {'wal_log_hints setting': 'on'}
            answers = [Rewind(postgresql).can_rewind for _ in range(3)]
            counts.append([answers, log.read_text().count('started')])
        postgresql = MagicMock(pgcommand=lambda _: os.path.join(directory, 'pg_rewind0'))
        postgresql.controldata.return_value = {}
        counts.append(Rewind(postgresql).can_rewind)
    return counts


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
    'without processes': without_processes(),
    'rewinds': rewinds(),
    'read for a rewind': read_for_rewind(),
}))
