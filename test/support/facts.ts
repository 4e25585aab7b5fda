import type { ClusterFacts } from '../../src/inventory/profile.ts'

/** A node of which nothing is special. */
export const PLAIN_FACTS: ClusterFacts = {
  nodeName: 'cp-1',
  advertiseAddress: '192.0.2.10',
  bindPort: 6443,
  controlPlaneEndpoint: undefined,
  serviceSubnet: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
  apiServerCertSans: [],
  etcdServerCertSans: [],
  etcdPeerCertSans: [],
  clusterName: 'kubernetes',
  kubernetesVersion: '1.37.0',
}
