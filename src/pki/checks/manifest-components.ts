/** Whether each component of a control plane has its manifest, once. */
import { isComponent } from '../../kubernetes/static-pod.ts'
import type { Evidence } from '../evidence.ts'
import type { PlacedPod } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'

const GROUP = { group: 'manifests', needs: ['manifests'] } as const

export const COMPONENT_CHECKS: readonly Check[] = [
  {
    code: 'COMPONENT_MISSING',
    ...GROUP,
    severity: 'warning',
    title: 'other components of the control plane have a manifest, and one has none',
    remedy: 'put its manifest back: a restart by moving it may have been left half-way',
    find: missingComponents,
  },
  {
    code: 'COMPONENT_TWICE',
    ...GROUP,
    severity: 'warning',
    title: 'two manifests run the same component',
    remedy: 'move all but one out of the directory: the kubelet reads every file that is not hidden',
    find: evidence =>
      repeatedPods(evidence).map(([pod, ...others]) => {
        const files = others.map(({ file }) => file.path)
        return {
          ...{ certificate: pod.value.component, file: pod.file.path },
          expected: `one manifest of ${pod.value.component}`,
          found: `${pod.file.path}, ${files.join(', ')}`,
          impact: 'the kubelet runs them all, and only the first has its ports',
          remedy: `mv ${files.join(' ')} ${directoryOf(pod)}/..`,
        }
      }),
  },
]

const EXPECTED = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const

/** Where none has one, something else starts them. */
function missingComponents({ snapshot, unreadableManifests }: Evidence): readonly Observation[] {
  const { pods, locations, role } = snapshot
  const found = pods.filter(({ value }) => isComponent(value.component))
  const [first] = found
  if (!first || role !== 'control-plane') return []
  const isThere = (component: string) =>
    found.some(({ value }) => value.component === component) ||
    unreadableManifests.some(({ file }) => file.path.includes(`/${component}.`))
  return EXPECTED.filter(one => !isThere(one) && (one !== 'etcd' || locations.etcd.value === 'local')).map(
    component => ({
      ...{ certificate: component, file: `${directoryOf(first)}/${component}.yaml` },
      expected: `a manifest, as ${found.map(({ value }) => value.component).join(', ')} ${found.length === 1 ? 'has' : 'have'}`,
      found: 'none',
      impact: `${component} does not run here, unless something else starts it`,
      remedy: `put ${directoryOf(first)}/${component}.yaml back; where it may be: find / -xdev -name '${component}*.yaml'`,
    }),
  )
}

const directoryOf = ({ file }: PlacedPod) => file.path.slice(0, file.path.lastIndexOf('/'))

/** A manifest that was moved away for a restart is no second one, and a copy under another name is a stray one. */
function repeatedPods({ snapshot, files }: Evidence): readonly (readonly [PlacedPod, ...PlacedPod[]])[] {
  const podNameOf = ({ file }: PlacedPod) => files.manifests.find(({ path }) => path === file.path)?.podName
  return snapshot.pods.flatMap((pod, index) => {
    const isAlike = (one: PlacedPod) =>
      one.value.component === pod.value.component && directoryOf(one) === directoryOf(pod)
    if (!isComponent(pod.value.component) || snapshot.pods.findIndex(isAlike) < index) return []
    const others = snapshot.pods
      .slice(index + 1)
      .filter(one => isAlike(one) && podNameOf(one) !== podNameOf(pod))
    return others.length === 0 ? [] : [[pod, ...others] as const]
  })
}
