/**
 * Every rule that keeps a failover from losing writes, and how the code reads without it. `npm run guards` takes them away
 * one by one and wants a unit test to fall each time. Numbers are sections of the failover's specification:
 * evidence of death (8.1), when the controller may act (8.2), the one transaction (8.3), afterwards (8.4), suspicion (8.5).
 */
export interface Guard {
  /** Relative to packages/control/src/failover. */
  readonly file: string
  /** What is no longer checked. */
  readonly without: string
  readonly section: '8.1' | '8.2' | '8.3' | '8.4' | '8.5'
  /** Stands in the file exactly once. */
  readonly code: string
  readonly instead: string
}

type Row = readonly [without: string, code: string, instead: string]

const guardsOf = (section: Guard['section'], file: string, rows: readonly Row[]): Guard[] =>
  rows.map(([without, code, instead]) => ({ section, file, without, code, instead }))

/** A line of refusalOf or of objection: its condition never holds. */
const never = (without: string, condition: string, words: string): Row => [
  without,
  `[${condition}, '${words}']`,
  `[false && (${condition}), '${words}']`,
]

export const GUARDS: readonly Guard[] = [
  ...guardsOf('8.1', 'leader-term.ts', [
    [
      'the inspection is later than the key',
      'if (container.askedAt < snapshot.seenAt) return undefined',
      '',
    ],
    [
      'the owner of the key was running',
      'if (!container.running || container.restarting || container.pid === 0) return undefined',
      '',
    ],
    [
      'both keys hang on one lease',
      "if (leader.lease === '0' || snapshot.members.get(leader.name)?.lease !== leader.lease)\n    return undefined",
      '',
    ],
    [
      'the leader’s key is the one that was seen',
      'leader.modRevision === term.leaderModRevision &&',
      '',
    ],
    ['the lease is the one that was seen', '&&\n  leader.lease === term.lease\n', '\n'],
    [
      'a fence is of the same container',
      '  container.id === containerId &&\n  container.status',
      '  container.status',
    ],
    ['a fenced container has the status exited', "container.status === 'exited' &&", ''],
    ['a fenced container does not run', '!container.running &&\n', '\n'],
    [
      'a fenced container is not being restarted',
      '!container.restarting &&\n  !container.paused',
      '!container.paused',
    ],
    ['a fenced container is not paused', '!container.paused &&\n', '\n'],
    [
      'a fenced container has no process',
      '!container.paused &&\n  container.pid === 0',
      '!container.paused',
    ],
    [
      'an end is of the same container',
      'container.id === term.containerId &&\n  (isFenced',
      '(isFenced',
    ],
  ]),
  ...guardsOf('8.2', 'electable.ts', [
    [
      'who takes over answers',
      "if (view === null) return 'does not answer'",
      'if (view === null) return undefined',
    ],
    never(
      'who takes over is no primary',
      "view.role === 'primary' || view.role === 'master'",
      'says that it is primary',
    ),
    [
      'who takes over runs',
      "[view.state !== 'running', `is ${view.state}`]",
      "[false && view.state !== 'running', `is ${view.state}`]",
    ],
    never(
      'who takes over has seen etcd lately',
      'view.dcsSeenAgo === null || view.dcsSeenAgo > DCS_SEEN_WITHIN_SECONDS',
      'has not seen etcd',
    ),
    never('who takes over is not in failsafe mode', 'view.failsafeActive', 'is in failsafe mode'),
    never('who takes over may', 'view.noFailover', 'has the tag nofailover'),
    [
      'who takes over is on the timeline',
      'timeline === null || view.timeline === timeline',
      'timeline === null || timeline !== null',
    ],
    [
      'who takes over is a voter',
      "(sync?.voters.includes(name) === true ? undefined : 'is not a voter in /sync')",
      'undefined',
    ],
    ['there are enough who can vote', 'ok: electable.length >= needed', 'ok: electable.length > 0'],
    ['the old leader counts among the voters', '(sync?.quorum ?? 0) + 1', '(sync?.quorum ?? 0)'],
  ]),
  ...guardsOf('8.2', 'decide-fence.ts', [
    never(
      'our own lease has time to spare',
      'seen.leaseSpareMs < LEASE_SPARE_MS',
      'our own lease ends too soon',
    ),
    never('there is no maintenance', 'seen.inMaintenance', 'maintenance is on'),
    never('nobody holds the member', 'seen.isHeld', 'a planned act holds the member'),
    never('there is no switchover', 'seen.isSwitchoverOpen', 'a switchover is going on'),
    never(
      'the configuration is known',
      'snapshot.config === null',
      'Patroni’s configuration is not known',
    ),
    never(
      'commits wait for a standby',
      'snapshot.config?.synchronous === false',
      'commits do not wait for a standby',
    ),
    never('Patroni is not paused', 'isPaused(snapshot, members)', 'Patroni is paused'),
    [
      'failsafe mode was not active within ttl',
      'failsafeSeenAgoMs !== null && failsafeSeenAgoMs < ttlMs,',
      'false,',
    ],
    never(
      'there were few fences lately',
      'seen.recentFences >= MOST_FENCES',
      'too many fences within ten minutes',
    ),
    [
      '/sync names the dead member',
      'if (seen.snapshot.sync?.leader !== member)',
      'if (seen.snapshot.sync === null)',
    ],
    [
      'the standbys can elect',
      'return electability.ok ? undefined : tooFew(electability)',
      'return electability.ok ? undefined : tooFew(electability) && undefined',
    ],
    [
      'one fence at a time',
      'if (record === null || !isFenceOpen(record)) return decideIdle(seen)',
      'if (record !== undefined) return decideIdle(seen)',
    ],
    [
      'a leadership was seen while its owner lived',
      "if (!isTermUnbroken(term, snapshot)) return nothing('the leadership has changed')",
      '',
    ],
    [
      'all standbys stream before somebody alive is fenced',
      'if (absent.length > 0) return nothing(',
      'if (absent.length > 99) return nothing(',
    ],
    [
      'a suspicion is of this life',
      'suspicion?.member === term.member && !isAnotherLife(container, term) ? suspicion : null',
      'suspicion?.member === term.member ? suspicion : null',
    ],
    [
      'a life that a fence was given up for is left alone',
      'return isGivenUp(record, term)\n',
      'return isGivenUp(record, term) && false\n',
    ],
    [
      'the leadership is the same before the kill',
      "if (!isTermUnbroken(term, seen.snapshot))\n    return abandon('the leadership changed before the fence')",
      '',
    ],
    [
      'the container is the same before the kill',
      "if (seen.container !== undefined && seen.container.id !== term.containerId)\n    return abandon('its container was replaced')",
      '',
    ],
    [
      'who came back by himself is not killed',
      "if (reason === 'container-gone') return abandon('its container came back by itself')",
      '',
    ],
    [
      'a kill is confirmed in time',
      'if (seen.phaseAgeMs > CONFIRM_WITHIN_MS)',
      'if (seen.phaseAgeMs < 0)',
    ],
    [
      'the reason holds up to the kill',
      'reasonIsOver(record, seen) ?? refusalOf(seen) ?? noSuccessor(term.member, seen)',
      'refusalOf(seen) ?? noSuccessor(term.member, seen)',
    ],
    [
      'nothing speaks against the kill',
      'reasonIsOver(record, seen) ?? refusalOf(seen) ?? noSuccessor(term.member, seen)',
      'reasonIsOver(record, seen) ?? noSuccessor(term.member, seen)',
    ],
    [
      'somebody can take over before the kill',
      'reasonIsOver(record, seen) ?? refusalOf(seen) ?? noSuccessor(term.member, seen)',
      'reasonIsOver(record, seen) ?? refusalOf(seen)',
    ],
  ]),
  ...guardsOf('8.3', 'decide-fence.ts', [
    [
      'an answer vetoes',
      'if (seen.answeredAfterConfirmation)',
      'if (seen.answeredAfterConfirmation && false)',
    ],
    [
      'the fence is still confirmed',
      'if (!isFenced(seen.container, term.containerId)) {',
      'if (seen.container === null) {',
    ],
    [
      'nothing speaks against the revocation',
      'const why = refusalOf(seen) ?? noSuccessor(term.member, seen)',
      'const why = noSuccessor(term.member, seen)',
    ],
    [
      'somebody can take over before the revocation',
      'const why = refusalOf(seen) ?? noSuccessor(term.member, seen)',
      'const why = refusalOf(seen)',
    ],
    [
      'a death without successor is given up',
      'return seen.phaseAgeMs < MAY_NOT_ELECT_MS ? nothing(why) : abandon(why)',
      'return nothing(why)',
    ],
  ]),
  ...guardsOf('8.3', 'fence-transaction.ts', [
    ['compares the leader', '{ key: patroni.leader, value: term.member },', ''],
    [
      'compares when the leader’s key was written',
      '{ key: patroni.leader, modRevision: term.leaderModRevision },',
      '',
    ],
    ['compares the leader’s lease', '{ key: patroni.leader, lease: term.lease },', ''],
    ['compares the lease of the dead member’s key', '{ key: deadKey, lease: term.lease },', ''],
    ['compares /sync', '{ key: patroni.sync, modRevision: sync.modRevision },', ''],
    ['compares /config', '{ key: patroni.config, modRevision: config.modRevision },', ''],
    [
      'compares that we are the active controller',
      '{ key: keys.active, createRevision: own.createRevision },\n      { key: keys.fence, modRevision: recordModRevision },\n    ],\n    operations: [\n      { put: deadKey',
      '{ key: keys.fence, modRevision: recordModRevision },\n    ],\n    operations: [\n      { put: deadKey',
    ],
    [
      'compares the record of the fence',
      '{ key: keys.fence, modRevision: recordModRevision },\n    ],\n    operations: [\n      { put: deadKey',
      '],\n    operations: [\n      { put: deadKey',
    ],
    ['strips the dead member’s address', 'value: withoutApiUrl(dead.value)', 'value: dead.value'],
    ['deletes a waiting /failover', '{ delete: patroni.failover },', ''],
    [
      'writes the record in the same instant',
      '{ put: keys.fence, value: JSON.stringify(revoked) },',
      '',
    ],
    [
      'writes a record only over what was read',
      '// 0: there was no record\n      { key: keys.fence, modRevision: recordModRevision },',
      '',
    ],
    [
      'writes a record only as the active controller',
      '{ key: keys.active, createRevision: own.createRevision },\n      // 0',
      '// 0',
    ],
  ]),
  ...guardsOf('8.4', 'decide-fence.ts', [
    [
      'the new primary owns /sync',
      'if (sync?.leader !== leader.name) return nothing(`waiting until /sync names ${leader.name}`)',
      '',
    ],
    [
      'nobody is waited for for ever',
      'return phaseAgeMs < NO_LEADER_MS\n',
      'return phaseAgeMs < Infinity\n',
    ],
  ]),
  ...guardsOf('8.4', 'decide-repair.ts', [
    ['nothing is started in maintenance', 'if (seen.inMaintenance) return []', ''],
    [
      'nothing is started against a hold',
      '.filter(({ name }) => seen.holds.get(name)?.noStart !== true)',
      '',
    ],
    ['etcd was read after the stop', '.filter(({ isViewLater }) => isViewLater)', ''],
    [
      'no member is started beside a fence',
      'if (isFenceOpen || snapshot === null) return false',
      'if (snapshot === null) return false',
    ],
    [
      'without a leader the old primary waits',
      'if (leader === null) return leaderlessMs !== null && leaderlessMs >= NO_LEADER_MS',
      'if (leader === null) return true',
    ],
    [
      'the fence has its chance before the old primary starts',
      'if (leader.name === name) return stoppedForMs >= MAY_NOT_ELECT_MS',
      'if (leader.name === name) return true',
    ],
    [
      'the new primary owns /sync before the old one starts',
      'return config?.synchronous !== true || sync?.leader === leader.name',
      'return true',
    ],
  ]),
  ...guardsOf('8.5', 'suspect.ts', [
    ['the standbys are quick', 'if (!areStandbysQuick(seen)) return null', ''],
    ['the kept connection is silent', 'keptMs >= UNRESPONSIVE_MS &&', ''],
    ['the fresh connection is silent', 'freshMs >= UNRESPONSIVE_MS &&', ''],
    [
      'a fresh connection was waited for',
      'freshMs >= UNRESPONSIVE_MS &&\n  freshUnansweredMs >= FRESH_UNANSWERED_MS &&',
      'freshMs >= UNRESPONSIVE_MS &&',
    ],
    ['no standby hears from it', 'messagesMs.every((age) => age >= RECEIVER_SILENT_MS) &&', ''],
    ['its Patroni writes nothing', 'statusMs >= STATUS_STILL_MS &&', ''],
    ['its Patroni does not answer', '&&\n  restMs >= REST_SILENT_MS', ''],
    ['one that may be promoting has its time', 'hasHadItsTime(seen) &&', ''],
    ['our own timer did not slip', 'Math.max(slips.at(-1)?.endedAt ?? since, since)', 'since'],
    [
      'time in which our own timer slipped does not count',
      'left - Math.max(0, Math.min(lostMs, endedAt - from))',
      'left',
    ],
    ['the postmaster made no process', 'hasMadeNoProcess(seen) &&', ''],
    [
      'standbys take new connections',
      'hasMadeNoProcess(seen) &&\n  seen.standbys.every(({ freshAt }) => freshAt !== null && seen.now - freshAt < 2 * QUICK_MS)',
      'hasMadeNoProcess(seen)',
    ],
    [
      'the kept connection writes quickly while Patroni hangs',
      'isKeptQuick(seen) &&\n  statusMs >= STATUS_HUNG_MS',
      'statusMs >= STATUS_HUNG_MS',
    ],
    [
      'the kept connection writes quickly while no new one is taken',
      'isKeptQuick(seen) &&\n  (seen.freshAt',
      '(seen.freshAt',
    ],
    ['/status stands still while Patroni hangs', 'statusMs >= STATUS_HUNG_MS &&\n', '\n'],
    ['its REST API is silent while Patroni hangs', 'restMs >= PATRONI_HUNG_MS &&', ''],
  ]),
]
