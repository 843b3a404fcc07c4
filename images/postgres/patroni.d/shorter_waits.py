"""Eight waits of Patroni 4.0.7 made shorter. What it does and decides stays its own.

1. A standby's timeline is asked for at most once a second. SQL does not tell it, so Patroni opens a replication
   connection. It remembers the answer while that is the leader's timeline; while there is no leader, it opens one for
   each answer of its REST API (api.py, get_postgresql_status; postgresql/__init__.py, replica_cached_timeline). Routers
   and the racing standbys ask: 12 to 17 connections a second were seen, each a process, just when the standbys need the
   processors to find a new primary. An answer that is a second old can only be too low, and then this standby steps back
   from a race for that second. It is forgotten with the postmaster that gave it: a restored member may begin lower.
   Whether a rewind is needed is never decided with it (rewind.py asks by itself): a timeline that is too low beside a
   position on the next one looks like a history of its own. Patroni itself reads the one before the other, so a standby
   that went over to the new primary in between was stopped and rewound for nothing, while commits waited for it. Here the
   two are read again until the timeline is the same after as before.
2. Whether a primary has written its shutdown checkpoint is read from the four bytes that say so, fifty times a second,
   instead of from pg_controldata once a second.
3. When it has, Patroni sleeps for a second "to give replicas some more time to catch up", then asks them whether they
   did, and if so gives the lock away (ha.py, on_shutdown). Here it sleeps until they have everything, which ends their
   WAL senders: a second at most, as before, and it asks as before.
4. That its PostgreSQL has crashed a primary's Patroni notices at its next loop. Here the end of the postmaster wakes the
   loop, unless the cluster is paused.
5. PostgreSQL puts a promotion off for up to wal_retrieve_retry_interval (a second here) when the request arrives while
   its WAL receiver is starting: the startup process notes the request, takes the stream for failed and sleeps until the
   next attempt would be due (xlogrecovery.c, WaitForWALToBecomeAvailable). Patroni reloads the configuration just before
   it asks, and a reload begins the next attempt, so every second promotion was seen to sleep, for 0.8 to 1.0 s. A reload
   also ends that sleep: the startup process is asked to reload until it has ended, for as long as it could sleep.

The other three are processes that it starts while clients wait. On a virtual machine that has to shadow page tables each
of them took 30 to 200 ms, a dozen in the stall of one switchover:

6. Where the shutdown checkpoint and the record before it are, it reads from pg_waldump, run twice. Here the headers of the
   two records are read; whatever is not one of these two kinds is still left to pg_waldump.
7. That pg_rewind can be started is found out once, not by starting it whenever a rewind is thought of.
8. PostgreSQL is told to reload by the signal that pg_ctl would send, and to promote by the function that does as pg_ctl
   does, on the connection that is there; pg_ctl is asked where that fails.
"""
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
import types

import patroni.postgresql  # before patroni.ha, which it needs half-way
import patroni.ha
import psutil
from patroni.ha import Ha
from patroni.postgresql import Postgresql
from patroni.postgresql.misc import format_lsn, parse_lsn
from patroni.postgresql.rewind import Rewind

TIMELINE_MAX_AGE_SECONDS = 1.0
LOOK_EVERY_SECONDS = 0.05
REAPED_WITHIN_LOOKS = 20
PROMOTION_LOOKS = 20
CONTROL_LOOK_EVERY_SECONDS = 0.02
SHUT_DOWN_STATES = (1, 2)
WAL_SEGMENT_BYTES = 16 * 1024 * 1024
WAL_PAGE_BYTES = 8192
WAL_PAGE_MAGIC = 0xD116
# access/xlog_internal.h: magic, timeline, address; access/xlogrecord.h: length, the record before, information, manager
PAGE_HEADER = struct.Struct('<H2xIQ')
RECORD_HEADER = struct.Struct('<I4xQBB6x')
RECORDS_READ_HERE = {(0, 0x00): 'CHECKPOINT_SHUTDOWN; shutdown', (0, 0x40): 'SWITCH'}

lock = threading.Lock()
known = {'postmaster': None, 'timeline': None, 'at': 0.0}


def recent_timeline(self):
    """The timeline of a standby; None: it cannot be asked, which is remembered only for those who waited for it."""
    since = time.monotonic()
    postmaster = self._postmaster_proc
    with lock:
        age = time.monotonic() - known['at']
        was_waited_for = known['at'] >= since
        is_fresh = known['timeline'] is not None and age < TIMELINE_MAX_AGE_SECONDS
        if known['postmaster'] is not postmaster or not (was_waited_for or is_fresh):
            timeline = self.get_replica_timeline()
            known.update(postmaster=postmaster, timeline=timeline, at=time.monotonic())
        return known['timeline']


def replica_cached_timeline(self, primary_timeline):
    if not primary_timeline or self._cached_replica_timeline != primary_timeline:
        self._cached_replica_timeline = recent_timeline(self)
    return self._cached_replica_timeline


read_timeline_and_lsn = Rewind._get_local_timeline_lsn


def _get_local_timeline_lsn(self):
    found = read_timeline_and_lsn(self)
    while found[0] and found[1] and self._postgresql.is_running():
        timeline = self._postgresql.get_replica_timeline()
        if timeline is None or timeline == found[1]:
            break
        found = read_timeline_and_lsn(self)
    return found


def is_wal_sender(process):
    try:
        return 'walsender' in ''.join(process.cmdline()[:1])
    except psutil.Error:
        return False


def has_wal_senders(postmaster):
    """A standby still gets WAL. The children of a postmaster that is gone are not asked."""
    try:
        return any(map(is_wal_sender, postmaster.children()))
    except psutil.Error:
        return False


def wait_for_standbys(postmaster, seconds):
    """Returns when all that stream have got all the WAL there is, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while has_wal_senders(postmaster) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)


def sleep(seconds):
    """time.sleep of ha.py."""
    caller = sys._getframe(1)
    ha = caller.f_locals.get('self')
    is_on_shutdown = isinstance(ha, Ha) and caller.f_code.co_name in ('on_shutdown', '_on_shutdown')
    postmaster = ha.state_handler.is_running() if is_on_shutdown else None
    if postmaster:
        wait_for_standbys(postmaster, seconds)
    else:
        time.sleep(seconds)


def control_state(data_directory):
    """DBState, pg_control's fourth field (catalog/pg_control.h); None: there is no such file."""
    try:
        with open(os.path.join(data_directory, 'global', 'pg_control'), 'rb') as control:
            return struct.unpack('<16xI', control.read(20))[0]
    except (OSError, struct.error):
        return None


def sleep_until_shut_down(seconds):
    """time.sleep of postgresql/__init__.py: while a primary stops, only until it has, or its postmaster is gone."""
    caller = sys._getframe(1)
    postgresql, postmaster = caller.f_locals.get('self'), caller.f_locals.get('postmaster')
    if caller.f_code.co_name != '_do_stop' or postmaster is None:
        time.sleep(seconds)
        return
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and postmaster.is_running():
        if control_state(postgresql.data_dir) in SHUT_DOWN_STATES:
            return
        time.sleep(CONTROL_LOOK_EVERY_SECONDS)


def read_record_header(data_directory, timeline, lsn):
    """(resource manager, information, LSN of the record before) of a WAL record (access/xlogrecord.h).

    None where it cannot be told from one page of a segment of the default size as this major version writes it."""
    position = parse_lsn(lsn)
    segment, offset = divmod(position, WAL_SEGMENT_BYTES)
    high, low = divmod(segment, 2 ** 32 // WAL_SEGMENT_BYTES)
    page, at = divmod(offset, WAL_PAGE_BYTES)
    if at + RECORD_HEADER.size > WAL_PAGE_BYTES:
        return None
    with open(os.path.join(data_directory, 'pg_wal', f'{int(timeline):08X}{high:08X}{low:08X}'), 'rb') as wal:
        wal.seek(page * WAL_PAGE_BYTES)
        content = wal.read(WAL_PAGE_BYTES)
    magic, page_timeline, address = PAGE_HEADER.unpack_from(content)
    if (magic, page_timeline, address) != (WAL_PAGE_MAGIC, int(timeline), position - at):
        return None
    length, previous, information, manager = RECORD_HEADER.unpack_from(content, at)
    return (manager, information & 0xF0, format_lsn(previous, full=True)) if length >= RECORD_HEADER.size else None


let_waldump_parse = Postgresql.parse_wal_record


def parse_wal_record(self, timeline, lsn):
    """What Patroni asks of pg_waldump's line: the manager, where the record is, the one before it, what it is."""
    try:
        found = read_record_header(self.data_dir, timeline, lsn)
    except (OSError, ValueError, struct.error):
        found = None
    words = RECORDS_READ_HERE.get(found[:2]) if found else None
    return ('XLOG', lsn, found[2], words) if words else let_waldump_parse(self, timeline, lsn)


startable = set()


def can_rewind(self):
    """As Patroni's, without starting a pg_rewind that was started before."""
    if not self.enabled:
        return False
    program = self._postgresql.pgcommand('pg_rewind')
    try:
        quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
        if program not in startable and subprocess.call([program, '--help'], **quiet) == 0:
            startable.add(program)
    except OSError:
        return False
    return program in startable and self.configuration_allows_rewind(self._postgresql.controldata())


run_pg_ctl = Postgresql.pg_ctl


def pg_ctl(self, cmd, *args, **kwargs):
    try:
        if cmd == 'reload':
            self.is_running().send_signal(signal.SIGHUP)
            return True
        if cmd == 'promote' and self.query('SELECT pg_catalog.pg_promote(false)', retry=False)[0][0]:
            return True
    except Exception as error:
        patroni.postgresql.logger.info('pg_ctl %s is run, because without it: %r', cmd, error)
    return run_pg_ctl(self, cmd, *args, **kwargs)


def wait_for_the_end(postmaster):
    """Returns when the process is gone, by init's hands too: Patroni takes one that is not reaped yet for alive."""
    ended = select.poll()
    process = os.pidfd_open(postmaster.pid)
    try:
        ended.register(process, select.POLLIN)
        ended.poll()
    finally:
        os.close(process)
    for _ in range(REAPED_WITHIN_LOOKS):
        if not psutil.pid_exists(postmaster.pid):
            return
        time.sleep(LOOK_EVERY_SECONDS)


def wake_when_postgres_ends(ha):
    """Wakes the loop of a primary at each end of a postmaster, one after the other. Never returns."""
    seen = None
    while True:
        postmaster = ha.state_handler._postmaster_proc
        if postmaster is None or postmaster is seen:
            time.sleep(LOOK_EVERY_SECONDS)
            continue
        seen = postmaster
        try:
            wait_for_the_end(postmaster)
        except ProcessLookupError:
            pass
        if ha.is_leader() and not ha.is_paused():
            ha.wakeup()


def is_startup(process):
    try:
        return ': startup' in ''.join(process.cmdline()[:1])
    except psutil.Error:
        return False


def hasten_promotion(postmaster):
    """Returns when PostgreSQL has ended its recovery, or after a second."""
    try:
        startup = next(filter(is_startup, postmaster.children()), None)
        for _ in range(PROMOTION_LOOKS if startup else 0):
            startup.send_signal(signal.SIGHUP)
            time.sleep(LOOK_EVERY_SECONDS)
    except (psutil.Error, OSError):
        pass


wait_promote = Postgresql._wait_promote


def _wait_promote(self, wait_seconds):
    postmaster = self.is_running()
    if postmaster:
        hasten_promotion(postmaster)
    return wait_promote(self, wait_seconds)


begin = Ha.__init__


def __init__(self, patroni):
    begin(self, patroni)
    threading.Thread(target=wake_when_postgres_ends, args=(self,), daemon=True).start()


def functions_in(function):
    return {getattr(constant, 'co_name', '') for constant in function.__code__.co_consts}


def shorten():
    """Fails when Patroni no longer has what is replaced or read here: the image is not built then."""
    assert patroni.ha.time is time and patroni.postgresql.time is time
    stop = Postgresql._do_stop.__code__
    assert 'STOP_POLLING_INTERVAL' in stop.co_names and {'self', 'postmaster'} <= {*stop.co_varnames, *stop.co_cellvars}
    assert 'parse_wal_record' in Postgresql._checkpoint_locations_from_controldata.__code__.co_names
    assert 'configuration_allows_rewind' in Rewind.can_rewind.fget.__code__.co_names
    assert 'pg_ctl' in Postgresql.reload.__code__.co_names and 'pg_ctl' in Postgresql.promote.__code__.co_names
    assert 'on_shutdown' in functions_in(Ha.demote) and '_on_shutdown' in functions_in(Ha.shutdown)
    assert '_cached_replica_timeline' in Postgresql.replica_cached_timeline.__code__.co_names
    assert {'get_replica_timeline', 'replayed_location'} <= set(Rewind._get_local_timeline_lsn.__code__.co_names)
    assert '_postmaster_proc' in Postgresql.is_running.__code__.co_names
    assert 'event' in Ha.wakeup.__code__.co_names
    assert '_wait_promote' in Postgresql.promote.__code__.co_names
    patroni.postgresql.time = types.SimpleNamespace(**{**vars(time), 'sleep': sleep_until_shut_down})
    Postgresql.parse_wal_record = parse_wal_record
    Postgresql.pg_ctl = pg_ctl
    Rewind.can_rewind = property(can_rewind)
    patroni.ha.time = types.SimpleNamespace(**{**vars(time), 'sleep': sleep})
    Postgresql.replica_cached_timeline = replica_cached_timeline
    Rewind._get_local_timeline_lsn = _get_local_timeline_lsn
    Postgresql._wait_promote = _wait_promote
    Ha.__init__ = __init__
