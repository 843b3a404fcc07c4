/**
 * The drills that controllers can run by themselves: containers are killed, frozen and started, and the primary is changed
 * on purpose. What reaches into a container, or into the machine's network, only `drill run` can do; and what takes
 * all of etcd away, because what is to be mended is written down there, and the controllers could not read it.
 */
export const SCHEDULABLE_DRILLS = [
  'switchover',
  'primary-host-loss',
  'primary-frozen',
  'etcd-leader-and-primary',
  'etcd-member-down',
  'sync-standby-loss',
  'two-standbys-loss',
  'pooler-frozen',
  'router-frozen',
] as const
