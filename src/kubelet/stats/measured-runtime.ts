/** A runtime whose calls are counted and timed under CRI's names (kubernetes `pkg/kubelet/kuberuntime/instrumented_services.go`). */
import type { Runtime } from '../../runtime/runtime.ts';
import type { Clock } from '../../util/clock.ts';
import type { KubeletMetrics } from './kubelet-metrics.ts';

const OPERATIONS: Readonly<Partial<Record<keyof Runtime, string>>> = {
  version: 'version',
  status: 'status',
  runPodSandbox: 'run_podsandbox',
  stopPodSandbox: 'stop_podsandbox',
  removePodSandbox: 'remove_podsandbox',
  podSandboxStatus: 'podsandbox_status',
  listPodSandboxes: 'list_podsandbox',
  createContainer: 'create_container',
  startContainer: 'start_container',
  stopContainer: 'stop_container',
  removeContainer: 'remove_container',
  listContainers: 'list_containers',
  containerStatus: 'container_status',
  updateContainerResources: 'update_container',
  updatePodSandboxResources: 'update_podsandbox_resources',
  reopenContainerLog: 'reopen_container_log',
  execSync: 'exec_sync',
  exec: 'exec',
  attach: 'attach',
  portForward: 'port_forward',
  listImages: 'list_images',
  imageStatus: 'image_status',
  pullImage: 'pull_image',
  removeImage: 'remove_image',
  imageFsInfo: 'image_fs_info',
};

/** The same runtime; every call is counted, and failed ones once more. */
export function measuredRuntime(runtime: Runtime, metrics: KubeletMetrics, clock: Clock): Runtime {
  const { runtimeOperations, runtimeOperationsErrors, runtimeOperationsDuration } = metrics;
  const observe = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    const start = clock.monotonic();
    runtimeOperations.increase([name]);
    try {
      return await call();
    } catch (error) {
      runtimeOperationsErrors.increase([name]);
      throw error;
    } finally {
      runtimeOperationsDuration.observe((clock.monotonic() - start) / 1000, [name]);
    }
  };
  const measured = new Proxy(runtime, {
    get(target, key, receiver) {
      const method: unknown = Reflect.get(target, key, receiver);
      const name = OPERATIONS[key as keyof Runtime];
      if (typeof method !== 'function') return method;
      if (name === undefined) return method.bind(target);
      return (...args: unknown[]) => observe(name, async () => Reflect.apply(method, target, args) as Promise<unknown>);
    },
  });
  return Object.assign(Object.create(measured) as Runtime, {
    runPodSandbox: async (...[config, handler = '']: Parameters<Runtime['runPodSandbox']>) => {
      const start = clock.monotonic();
      metrics.startedPods.increase();
      try {
        return await measured.runPodSandbox(config, handler);
      } catch (error) {
        metrics.startedPodsErrors.increase();
        metrics.runPodsandboxErrors.increase([handler]);
        throw error;
      } finally {
        metrics.runPodsandboxDuration.observe((clock.monotonic() - start) / 1000, [handler]);
      }
    },
  });
}
