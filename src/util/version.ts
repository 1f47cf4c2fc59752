/** The version of the package, and the Kubernetes version whose behaviour it has. */
export const NODELET_VERSION = '0.1.0';
export const KUBERNETES_VERSION = 'v1.36.3';
