import { defineConfig } from 'vitest/config'

/**
 * A tree for every check of `certs verify` and for every way to be wrong about one; kubeadm's own cases of `init`; every
 * form of a request; long lists; what waits for a cluster, killed and gone on with; servers that answer as none should.
 */
const SWEEPS = [
  'test/cli/verify-{crypto,defects,files,kubeconfigs,kubelet,live,manifests,misnamed,misplaced,pairs,paths,role,states,time}*.test.ts',
  'test/cli/{csr-operators,csr-paging,csr-watch*,output-file,renew-api,renew-kubelet*}.test.ts',
  'test/cli/{init.property,kubeadm-init-*,signing-sheet}.test.ts',
  'test/cluster/{broken-answers,expiring-lists,hostile-server}.test.ts',
  'test/fuzz/parsers.test.ts',
  'test/conformance/promtool.test.ts',
]

/**
 * `unit`: no disk but the fixtures, seconds. `node`: the command line, openssl and mutated inputs. `sweeps`: minutes more
 * of that. `faults`: kill -9 and disks that fail, minutes. `e2e`: real Kubernetes binaries.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/{inventory,kubernetes,pki,report,x509}/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'node',
          include: [
            'test/{cli,cluster,fuzz,operations,store}/**/*.test.ts',
            'test/conformance/openssl*.test.ts',
          ],
          exclude: SWEEPS,
          testTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'sweeps',
          include: SWEEPS,
          testTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 240_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/conformance/kubeadm*.test.ts'],
          globalSetup: 'test/support/assets.ts',
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
