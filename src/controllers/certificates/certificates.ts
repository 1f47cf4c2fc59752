/** Approves kubelets' requests for client certificates and signs what was approved (controller-manager `certificates/{approver,signer,cleaner}`). */
import { resources, type StoredOf } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import { goTime, parseTime } from '../../api/time.ts';
import type { SubjectAccessReview } from '../../api/types.ts';
import { errorText } from '../../util/log.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isOvertaken } from '../overtaken.ts';
import { startWorkQueue } from '../queue.ts';
import { isOurSigner, KUBELET_CLIENT, refusal, type RequestedCertificate } from './signers.ts';

const requests = resources['certificatesigningrequests.certificates.k8s.io'];
const reviews = resources['subjectaccessreviews.authorization.k8s.io'];
type Request = StoredOf<typeof requests>;
type Condition = NonNullable<Request['status']['conditions']>[number];

/** Reads requests and signs for them; the keys stay with whoever makes it. */
export interface CertificateSigner {
  /** Throws when the text is no request that its own key signed. */
  read(pem: string): RequestedCertificate;
  /** The certificate in PEM; times in ms. */
  sign(pem: string, options: { readonly usages: readonly string[]; readonly notBefore: number; readonly notAfter: number }): string;
}

const BACKDATE_MS = 5 * 60_000;
/** Certificates live a year unless they ask for less, and no less than ten minutes. */
const LIFE_MS = 365 * 24 * 3_600_000;
const MIN_LIFE_MS = 600_000;
const SWEEP_MS = 600_000;
const HOUR_MS = 3_600_000;
/** How long requests are kept: those that are settled, and those that nobody settles. */
const SETTLED_LIFE_MS = HOUR_MS;
const PENDING_LIFE_MS = 24 * HOUR_MS;

export function startCertificateController(
  { client, reader = client, clock, log }: ControllerContext,
  signer: CertificateSigner,
): Controller {
  const queue = startWorkQueue({
    clock,
    handle: sync,
    failed: (key, error) => log.warn('Could not handle a certificate request', { request: key, error }),
  });
  const ask = (request: Request): void => queue.add(request.metadata.name);
  const known = reader.inform(requests, {}, { added: ask, modified: ask });
  const sweeps = clock.every(SWEEP_MS, () => void sweep());

  async function sync(name: string): Promise<void> {
    await known.synced;
    const request = known.items.get(name);
    if (request === undefined || (request.status.certificate ?? '') !== '') return;
    if (!isOurSigner(request.spec.signerName) || has(request, 'Denied') || has(request, 'Failed')) return;
    try {
      if (has(request, 'Approved')) await sign(request);
      else if (request.spec.signerName === KUBELET_CLIENT) await approve(request);
    } catch (error) {
      if (!hasReason(error, 'Conflict') && !isOvertaken(error)) throw error;
    }
  }

  async function sign(request: Request): Promise<void> {
    const { signerName, usages = [], expirationSeconds } = request.spec;
    const pem = pemOf(request);
    const why = refusalOf(() => refusal(signerName, signer.read(pem), usages));
    if (why !== undefined) {
      await update(request, 'status', { conditions: [condition('Failed', 'SignerValidationFailure', why)] });
      return;
    }
    const now = clock.now();
    const life = Math.min(LIFE_MS, Math.max(MIN_LIFE_MS, (expirationSeconds ?? Infinity) * 1000));
    const certificate = signer.sign(pem, { usages, notBefore: now - BACKDATE_MS, notAfter: now - BACKDATE_MS + life });
    await update(request, 'status', { certificate: Buffer.from(certificate).toString('base64') });
  }

  /** A node may renew its own certificate, and whoever bootstraps nodes may have their first ones (`approver/sarapprove.go`). */
  async function approve(request: Request): Promise<void> {
    const { username = '', usages = [], signerName } = request.spec;
    const pem = pemOf(request);
    if (refusalOf(() => refusal(signerName, signer.read(pem), usages)) !== undefined) return;
    const isOwn = signer.read(pem).commonName === username;
    const wanted = isOwn ? ['selfnodeclient', 'nodeclient'] : ['nodeclient'];
    for (const subresource of wanted) {
      if (!isGranted(request, subresource) && !(await mayHave(request, subresource))) continue;
      const what = subresource === 'selfnodeclient' ? 'self kubelet' : 'kubelet';
      const message = `Auto approving ${what} client certificate after SubjectAccessReview.`;
      await update(request, 'approval', { conditions: [condition('Approved', 'AutoApproved', message)] });
      return;
    }
  }

  async function mayHave({ spec: { username = '', uid, groups, extra } }: Request, subresource: string): Promise<boolean> {
    const review = await client.create(reviews, {
      metadata: {},
      spec: {
        user: username,
        ...(uid !== undefined && { uid }),
        ...(groups !== undefined && { groups }),
        ...(extra !== undefined && { extra }),
        resourceAttributes: {
          group: requests.group,
          resource: requests.resource,
          verb: 'create',
          version: '*',
          subresource,
        },
      },
    } satisfies SubjectAccessReview);
    return review.status.allowed;
  }

  async function update(
    request: Request,
    subresource: 'approval' | 'status',
    more: { readonly conditions?: readonly Condition[]; readonly certificate?: string },
  ): Promise<void> {
    const { conditions = [], ...rest } = more;
    const status = { ...request.status, ...rest, conditions: [...(request.status.conditions ?? []), ...conditions] };
    await client.update(requests, { ...request, status }, { subresource });
  }

  function condition(type: string, reason: string, message: string): Condition {
    const at = goTime(clock.now());
    return { type, status: 'True', reason, message, lastUpdateTime: at, lastTransitionTime: at };
  }

  async function sweep(): Promise<void> {
    await known.synced;
    for (const request of known.items.values()) {
      if (!isStale(request, clock.now())) continue;
      const { name, uid } = request.metadata;
      await client.delete(requests, name, { delete: { preconditions: { uid } } }).catch((error: unknown) => {
        if (!isOvertaken(error)) log.warn('Could not remove an old certificate request', { request: name, error });
      });
    }
  }

  return {
    ready: known.synced,
    stop: () => {
      queue.stop();
      sweeps.cancel();
      known.stop();
    },
  };
}

/** What every cluster of kubeadm grants, without the bindings that it makes. */
const GRANTED: Readonly<Record<string, string>> = { nodeclient: 'system:bootstrappers', selfnodeclient: 'system:nodes' };

function isGranted({ spec: { groups = [] } }: Request, subresource: string): boolean {
  return groups.includes(GRANTED[subresource] ?? '');
}

function refusalOf(look: () => string | undefined): string | undefined {
  try {
    return look();
  } catch (error) {
    return errorText(error);
  }
}

const pemOf = (request: Request): string => Buffer.from(request.spec.request, 'base64').toString('latin1');

function has(request: Request, type: string): boolean {
  return request.status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

/** Settled an hour ago, or pending for a day (`certificates/cleaner/cleaner.go`). */
export function isStale(request: Request, now: number): boolean {
  const conditions = request.status.conditions ?? [];
  const settled = conditions.find(({ type }) => type === 'Approved' || type === 'Denied' || type === 'Failed');
  if (settled === undefined) return now - parseTime(request.metadata.creationTimestamp) > PENDING_LIFE_MS;
  return now - parseTime(settled.lastUpdateTime ?? request.metadata.creationTimestamp) > SETTLED_LIFE_MS;
}
