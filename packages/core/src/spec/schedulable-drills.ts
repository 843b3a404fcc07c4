/**
 * The drills that controllers can run by themselves: containers are killed, frozen and started, and the primary is changed
 * on purpose. What reaches into a container, or into the machine's network, only `drill run` can do.
 */
export const SCHEDULABLE_DRILLS = [
  'switchover',
  'primary-host-loss',
  'primary-frozen',
  'etcd-leader-and-primary',
  'etcd-member-down',
  'etcd-down',
  'sync-standby-loss',
  'two-standbys-loss',
  'pooler-frozen',
  'router-frozen',
] as const
