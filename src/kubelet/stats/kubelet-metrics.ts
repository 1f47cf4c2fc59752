/** What the kubelet counts of its own work (kubernetes `pkg/kubelet/metrics/metrics.go`). Names and helps are the original's. Long because it is a table. */
import { counter, exponentialBuckets, gauge, histogram, type MetricFamily } from '../../metrics/family.ts';

const POD_START = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const STORAGE = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];
const DELEGATED = [0.25, 0.5, 0.7, 1, 1.5, 3, 5, 10];
const SIZES = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216];

export type KubeletMetrics = ReturnType<typeof createKubeletMetrics>;

/** The families, each to be fed where the thing happens. Series whose labels are known from the start begin at 0, as the original's. */
export function createKubeletMetrics() {
  const metrics = families();
  for (const value of ['', 'true']) metrics.restartedPods.increase([value], 0);
  return metrics;
}

function families() {
  return {
    nodeStartupDuration: gauge({
      name: 'kubelet_node_startup_duration_seconds',
      help: '[ALPHA] Duration in seconds of node startup in total.',
    }),
    nodeStartupPreKubeletDuration: gauge({
      name: 'kubelet_node_startup_pre_kubelet_duration_seconds',
      help: '[ALPHA] Duration in seconds of node startup before kubelet starts.',
    }),
    nodeStartupPreRegistrationDuration: gauge({
      name: 'kubelet_node_startup_pre_registration_duration_seconds',
      help: '[ALPHA] Duration in seconds of node startup before registration.',
    }),
    nodeStartupRegistrationDuration: gauge({
      name: 'kubelet_node_startup_registration_duration_seconds',
      help: '[ALPHA] Duration in seconds of node startup during registration.',
    }),
    nodeStartupPostRegistrationDuration: gauge({
      name: 'kubelet_node_startup_post_registration_duration_seconds',
      help: '[ALPHA] Duration in seconds of node startup after registration.',
    }),
    sleepActionTerminatedEarly: counter({
      name: 'kubelet_sleep_action_terminated_early_total',
      help: '[ALPHA] The number of times lifecycle sleep handler got terminated before it finishes',
    }),
    orphanPodCleanedVolumes: gauge({
      name: 'kubelet_orphan_pod_cleaned_volumes',
      help: '[ALPHA] The total number of orphaned Pods whose volumes were cleaned in the last periodic sweep.',
    }),
    orphanPodCleanedVolumesErrors: gauge({
      name: 'kubelet_orphan_pod_cleaned_volumes_errors',
      help: '[ALPHA] The number of orphaned Pods whose volumes failed to be cleaned in the last periodic sweep.',
    }),
    runtimeOperations: counter({
      name: 'kubelet_runtime_operations_total',
      help: '[ALPHA] Cumulative number of runtime operations by operation type.',
      labels: ['operation_type'],
    }),
    runtimeOperationsErrors: counter({
      name: 'kubelet_runtime_operations_errors_total',
      help: '[ALPHA] Cumulative number of runtime operation errors by operation type.',
      labels: ['operation_type'],
    }),
    runtimeOperationsDuration: histogram({
      name: 'kubelet_runtime_operations_duration_seconds',
      help: '[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.',
      labels: ['operation_type'],
      buckets: exponentialBuckets(0.005, 2.5, 14),
    }),
    runPodsandboxDuration: histogram({
      name: 'kubelet_run_podsandbox_duration_seconds',
      help: '[ALPHA] Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.',
      labels: ['runtime_handler'],
    }),
    runPodsandboxErrors: counter({
      name: 'kubelet_run_podsandbox_errors_total',
      help: '[ALPHA] Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.',
      labels: ['runtime_handler'],
    }),
    startedPods: counter({ name: 'kubelet_started_pods_total', help: '[ALPHA] Cumulative number of pods started' }),
    startedPodsErrors: counter({
      name: 'kubelet_started_pods_errors_total',
      help: '[ALPHA] Cumulative number of errors when starting pods',
    }),
    startedContainers: counter({
      name: 'kubelet_started_containers_total',
      help: '[ALPHA] Cumulative number of containers started',
      labels: ['container_type'],
    }),
    startedContainersErrors: counter({
      name: 'kubelet_started_containers_errors_total',
      help: '[ALPHA] Cumulative number of errors when starting containers',
      labels: ['code', 'container_type'],
    }),
    terminatedContainers: counter({
      name: 'kubelet_terminated_containers_total',
      help: '[ALPHA] Cumulative number of container terminations.',
      labels: ['container_type', 'exit_code', 'reason'],
    }),
    containersPerPodCount: histogram({
      name: 'kubelet_containers_per_pod_count',
      help: '[ALPHA] The number of containers per pod.',
      buckets: [1, 2, 4, 8, 16],
    }),
    podStartDuration: histogram({
      name: 'kubelet_pod_start_duration_seconds',
      help: '[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run',
      buckets: POD_START,
    }),
    podStartSliDuration: histogram({
      name: 'kubelet_pod_start_sli_duration_seconds',
      help: '[ALPHA] Duration in seconds to start a pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
      buckets: POD_START,
    }),
    podStartTotalDuration: histogram({
      name: 'kubelet_pod_start_total_duration_seconds',
      help: '[ALPHA] Duration in seconds to start a pod since creation, including time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
      buckets: POD_START,
    }),
    firstNetworkPodStartSliDuration: gauge({
      name: 'kubelet_first_network_pod_start_sli_duration_seconds',
      help: '[INTERNAL] Duration in seconds to start the first network pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
    }),
    podWorkerDuration: histogram({
      name: 'kubelet_pod_worker_duration_seconds',
      help: '[ALPHA] Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync',
      labels: ['operation_type'],
    }),
    podWorkerStartDuration: histogram({
      name: 'kubelet_pod_worker_start_duration_seconds',
      help: '[ALPHA] Duration in seconds from kubelet seeing a pod to starting a worker.',
    }),
    podStatusSyncDuration: histogram({
      name: 'kubelet_pod_status_sync_duration_seconds',
      help: '[ALPHA] Duration in seconds to sync a pod status update. Measures time from detection of a change to pod status until the API is successfully updated for that pod, even if multiple intevening changes to pod status occur.',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60],
    }),
    plegRelistDuration: histogram({
      name: 'kubelet_pleg_relist_duration_seconds',
      help: '[ALPHA] Duration in seconds for relisting pods in PLEG.',
    }),
    plegRelistInterval: histogram({
      name: 'kubelet_pleg_relist_interval_seconds',
      help: '[ALPHA] Interval in seconds between relisting in PLEG.',
    }),
    plegPodRelistDuration: histogram({
      name: 'kubelet_pleg_pod_relist_duration_seconds',
      help: '[ALPHA] Duration in seconds for relisting a single pod in PLEG.',
    }),
    plegLastSeen: gauge({ name: 'kubelet_pleg_last_seen_seconds', help: '[ALPHA] Timestamp in seconds when PLEG was last seen active.' }),
    imageManagerEnsureImageRequests: counter({
      name: 'kubelet_image_manager_ensure_image_requests_total',
      help: '[ALPHA] Number of ensure-image requests processed by the kubelet.',
      labels: ['present_locally', 'pull_policy', 'pull_required'],
    }),
    evictions: counter({
      name: 'kubelet_evictions',
      help: '[ALPHA] Cumulative number of pod evictions by eviction signal',
      labels: ['eviction_signal'],
    }),
    evictionStatsAge: histogram({
      name: 'kubelet_eviction_stats_age_seconds',
      help: '[ALPHA] Time between when stats are collected, and when pod is evicted based on those stats by eviction signal',
      labels: ['eviction_signal'],
    }),
    preemptions: counter({
      name: 'kubelet_preemptions',
      help: '[ALPHA] Cumulative number of pod preemptions by preemption resource',
      labels: ['preemption_signal'],
    }),
    containerRequestedResizes: counter({
      name: 'kubelet_container_requested_resizes_total',
      help: "[ALPHA] Number of requested resizes, counted at the container level. Different resources on the same container are counted separately. The 'requirement' label refers to 'memory' or 'limits'; the 'operation' label can be one of 'add', 'remove', 'increase' or 'decrease'.",
      labels: ['resource', 'requirement', 'operation'],
    }),
    podResizeDuration: histogram({
      name: 'kubelet_pod_resize_duration_milliseconds',
      help: '[ALPHA] Duration in milliseconds to actuate a pod resize',
      labels: ['success'],
      buckets: [10, 50, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000],
    }),
    cgroupManagerDuration: histogram({
      name: 'kubelet_cgroup_manager_duration_seconds',
      help: '[ALPHA] Duration in seconds for cgroup manager operations. Broken down by method.',
      labels: ['operation_type'],
    }),
    admissionRejections: counter({
      name: 'kubelet_admission_rejections_total',
      help: '[ALPHA] Cumulative number pod admission rejections by the Kubelet.',
      labels: ['reason'],
    }),
    devicePluginRegistrations: counter({
      name: 'kubelet_device_plugin_registration_total',
      help: '[ALPHA] Cumulative number of device plugin registrations. Broken down by resource name.',
      labels: ['resource_name'],
    }),
    devicePluginAllocDuration: histogram({
      name: 'kubelet_device_plugin_alloc_duration_seconds',
      help: '[ALPHA] Duration in seconds to serve a device plugin Allocation request. Broken down by resource name.',
      labels: ['resource_name'],
    }),
    podResourcesRequests: counter({
      name: 'kubelet_pod_resources_endpoint_requests_total',
      help: '[ALPHA] Cumulative number of requests to the PodResource endpoint. Broken down by server api version.',
      labels: ['server_api_version'],
    }),
    podResourcesListRequests: counter({
      name: 'kubelet_pod_resources_endpoint_requests_list',
      help: '[ALPHA] Number of requests to the PodResource List endpoint. Broken down by server api version.',
      labels: ['server_api_version'],
    }),
    podResourcesAllocatableRequests: counter({
      name: 'kubelet_pod_resources_endpoint_requests_get_allocatable',
      help: '[ALPHA] Number of requests to the PodResource GetAllocatableResources endpoint. Broken down by server api version.',
      labels: ['server_api_version'],
    }),
    podResourcesGetRequests: counter({
      name: 'kubelet_pod_resources_endpoint_requests_get',
      help: '[ALPHA] Number of requests to the PodResource Get endpoint. Broken down by server api version.',
      labels: ['server_api_version'],
    }),
    restartedPods: counter({
      name: 'kubelet_restarted_pods_total',
      help: '[ALPHA] Number of pods that have been restarted because they were deleted and recreated with the same UID while the kubelet was watching them (common for static pods, extremely uncommon for API pods)',
      labels: ['static'],
    }),
    orphanedRuntimePods: counter({
      name: 'kubelet_orphaned_runtime_pods_total',
      help: '[ALPHA] Number of pods that have been detected in the container runtime without being already known to the pod worker. This typically indicates the kubelet was restarted while a pod was force deleted in the API or in the local configuration, which is unusual.',
    }),
    volumeMetricCollectionDuration: histogram({
      name: 'kubelet_volume_metric_collection_duration_seconds',
      help: '[ALPHA] Duration in seconds to calculate volume stats',
      labels: ['metric_source'],
    }),
    storageOperationDuration: histogram({
      name: 'storage_operation_duration_seconds',
      help: '[ALPHA] Storage operation duration',
      labels: ['migrated', 'operation_name', 'status', 'volume_plugin'],
      buckets: STORAGE,
    }),
    volumeOperationTotal: histogram({
      name: 'volume_operation_total_seconds',
      help: '[ALPHA] Storage operation end to end duration in seconds',
      labels: ['operation_name', 'plugin_name'],
      buckets: STORAGE,
    }),
    authenticationTokenCacheActiveFetchCount: gauge({
      name: 'authentication_token_cache_active_fetch_count',
      help: '[ALPHA] ',
      labels: ['status'],
    }),
    authenticationTokenCacheFetch: counter({ name: 'authentication_token_cache_fetch_total', help: '[ALPHA] ', labels: ['status'] }),
    authenticationTokenCacheRequestDuration: histogram({
      name: 'authentication_token_cache_request_duration_seconds',
      help: '[ALPHA] ',
      labels: ['status'],
    }),
    authenticationTokenCacheRequest: counter({ name: 'authentication_token_cache_request_total', help: '[ALPHA] ', labels: ['status'] }),
    clientCertificateExpiration: histogram({
      name: 'apiserver_client_certificate_expiration_seconds',
      help: '[ALPHA] Distribution of the remaining lifetime on the certificate used to authenticate a request.',
      buckets: [0, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 345600, 604800, 2592000, 7776000, 15552000, 31104000],
    }),
    delegatedAuthnRequestDuration: histogram({
      name: 'apiserver_delegated_authn_request_duration_seconds',
      help: '[ALPHA] Request latency in seconds. Broken down by status code.',
      labels: ['code'],
      buckets: DELEGATED,
    }),
    delegatedAuthnRequest: counter({
      name: 'apiserver_delegated_authn_request_total',
      help: '[ALPHA] Number of HTTP requests partitioned by status code.',
      labels: ['code'],
    }),
    delegatedAuthzRequestDuration: histogram({
      name: 'apiserver_delegated_authz_request_duration_seconds',
      help: '[ALPHA] Request latency in seconds. Broken down by status code.',
      labels: ['code'],
      buckets: DELEGATED,
    }),
    delegatedAuthzRequest: counter({
      name: 'apiserver_delegated_authz_request_total',
      help: '[ALPHA] Number of HTTP requests partitioned by status code.',
      labels: ['code'],
    }),
    restClientRequestDuration: histogram({
      name: 'rest_client_request_duration_seconds',
      help: '[ALPHA] Request latency in seconds. Broken down by verb, and host.',
      labels: ['host', 'verb'],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    }),
    restClientRequests: counter({
      name: 'rest_client_requests_total',
      help: '[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.',
      labels: ['code', 'host', 'method'],
    }),
    restClientRequestSizeBytes: histogram({
      name: 'rest_client_request_size_bytes',
      help: '[ALPHA] Request size in bytes. Broken down by verb and host.',
      labels: ['host', 'verb'],
      buckets: SIZES,
    }),
    restClientResponseSizeBytes: histogram({
      name: 'rest_client_response_size_bytes',
      help: '[ALPHA] Response size in bytes. Broken down by verb and host.',
      labels: ['host', 'verb'],
      buckets: SIZES,
    }),
  };
}

/** All of them, for the exposition. */
export const kubeletFamilies = (metrics: KubeletMetrics): readonly MetricFamily[] => Object.values(metrics);
