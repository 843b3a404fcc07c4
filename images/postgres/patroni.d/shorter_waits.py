"""Five waits of Patroni 4.0.7 made shorter. What it does and decides stays its own.

1. A standby's timeline is asked for at most once a second. SQL does not tell it, so Patroni opens a replication
   connection. It remembers the answer while that is the leader's timeline; while there is no leader, it opens one for
   each answer of its REST API (api.py, get_postgresql_status; postgresql/__init__.py, replica_cached_timeline). Routers
   and the racing standbys ask: 12 to 17 connections a second were seen, each a process, just when the standbys need the
   processors to find a new primary. An answer that is a second old can only be too low, and then this standby steps back
   from a race for that second. It is forgotten with the postmaster that gave it: a restored member may begin lower.
2. Whether a primary has written its shutdown checkpoint is looked at ten times a second instead of once.
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
"""
import os
import select
import signal
import sys
import threading
import time
import types

import patroni.postgresql  # before patroni.ha, which it needs half-way
import patroni.ha
import psutil
from patroni.ha import Ha
from patroni.postgresql import Postgresql

TIMELINE_MAX_AGE_SECONDS = 1.0
LOOK_EVERY_SECONDS = 0.05
REAPED_WITHIN_LOOKS = 20
PROMOTION_LOOKS = 20

ask_timeline = Postgresql.get_replica_timeline
lock = threading.Lock()
known = {'postmaster': None, 'timeline': None, 'at': 0.0}


def get_replica_timeline(self):
    """The timeline of a standby; None: it cannot be asked, which is remembered only for those who waited for it."""
    since = time.monotonic()
    postmaster = self._postmaster_proc
    with lock:
        age = time.monotonic() - known['at']
        was_waited_for = known['at'] >= since
        is_fresh = known['timeline'] is not None and age < TIMELINE_MAX_AGE_SECONDS
        if known['postmaster'] is not postmaster or not (was_waited_for or is_fresh):
            timeline = ask_timeline(self)
            known.update(postmaster=postmaster, timeline=timeline, at=time.monotonic())
        return known['timeline']


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
    assert patroni.ha.time is time and patroni.postgresql.STOP_POLLING_INTERVAL == 1
    assert 'on_shutdown' in functions_in(Ha.demote) and '_on_shutdown' in functions_in(Ha.shutdown)
    assert '_postmaster_proc' in Postgresql.is_running.__code__.co_names
    assert 'event' in Ha.wakeup.__code__.co_names
    assert '_wait_promote' in Postgresql.promote.__code__.co_names
    patroni.postgresql.STOP_POLLING_INTERVAL = 0.1
    patroni.ha.time = types.SimpleNamespace(**{**vars(time), 'sleep': sleep})
    Postgresql.get_replica_timeline = get_replica_timeline
    Postgresql._wait_promote = _wait_promote
    Ha.__init__ = __init__
