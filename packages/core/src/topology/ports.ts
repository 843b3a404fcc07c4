/** Ports inside the cluster's network. What the edge and the poolers publish is in the cluster file. */
export const PORTS = {
  etcdClient: 2379,
  etcdPeer: 2380,
  patroni: 8008,
  postgres: 5432,
  routerWrite: 5000,
  routerRead: 5001,
  routerReadAny: 5002,
  routerStats: 8404,
  /** Where a router is told who the primary is: one kind of line, from controllers and the CLI. */
  routerGuide: 8405,
  pooler: 6432,
  agent: 8080,
  desktopApi: 8081,
  mcp: 8082,
  console: 3000,
  controller: 8090,
  prometheus: 9090,
  /** The engine's API as far as controllers may use it; the same port as an engine that serves TLS itself. */
  engineProxy: 2376,
  engineProxyStats: 8404,
  alertmanager: 9093,
  /** The trial store's S3. */
  store: 9000,
  /** pgBackRest's own server at each member, for the runner of backups. */
  pgbackrest: 8432,
  /** The edge's public listeners inside its container; published as edge.httpPort and edge.httpsPort. */
  edgeHttp: 8080,
  edgeHttps: 8443,
  /** The edge's listener for service-to-service calls: mutual TLS, in the cluster's network only. */
  edgeInternal: 9443,
  /** The edge's own status, for the controller only: nginx stub_status or HAProxy's exporter. */
  edgeStats: 8404,
} as const
