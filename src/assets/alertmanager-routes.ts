import type { Config, Owner } from '../config/config.ts';
import { BUDGET_LABEL } from '../telemetry/names.ts';
import { ALERT, ALERT_LABEL } from './alerts/alert.ts';
import { addressees, contactFor, defaultContact } from './contacts.ts';
import type { Settings, Timing } from './options.ts';
import { quote } from './promql.ts';
import { perDimensions } from './terms.ts';

export interface Route {
  receiver?: string;
  matchers?: string[];
  group_by?: string[];
  group_wait?: string;
  group_interval?: string;
  repeat_interval?: string;
  routes?: Route[];
}

/**
 * First the copies that name somebody (`to`), then each owner's own alerts; the root takes whatever is left, so that no
 * alert is without a human. Critical alerts are a group of their own: they never wait for the interval of a soft one.
 */
export function routeTree(config: Config, { timing }: Settings): Route {
  const owners = [...config.owners.values()];
  return {
    receiver: defaultContact(config).receiver,
    group_by: ['alertname', ...instanceLabels(config), ALERT_LABEL.to],
    group_wait: timing.groupWait,
    group_interval: timing.groupInterval,
    repeat_interval: timing.repeatOther,
    routes: [
      ...addressees(config).map((to) => addresseeRoute(config, to, owners, timing)),
      ...owners.map((owner) => audience(equals(BUDGET_LABEL.owner, owner.name), owner.service.receiver, timing)),
      ...urgency(timing),
    ],
  };
}

/** What tells one budget instance from another: the grouping and `equal` of inhibitions. */
export function instanceLabels(config: Config): string[] {
  return [BUDGET_LABEL.budget, BUDGET_LABEL.owner, ...perDimensions(config)];
}

function addresseeRoute(config: Config, to: string, owners: readonly Owner[], timing: Timing): Route {
  const shared = contactFor(config, to).receiver;
  const own = owners
    .map((owner) => ({ owner, receiver: contactFor(config, to, owner).receiver }))
    .filter(({ receiver }) => receiver !== shared)
    .map(({ owner, receiver }) => audience(equals(BUDGET_LABEL.owner, owner.name), receiver, timing));
  return audience(equals(ALERT_LABEL.to, to), shared, timing, own);
}

function audience(matcher: string, receiver: string, timing: Timing, children: Route[] = []): Route {
  return { matchers: [matcher], receiver, routes: [...children, ...urgency(timing)] };
}

function urgency(timing: Timing): Route[] {
  return [
    {
      matchers: [equals(BUDGET_LABEL.severity, 'critical')],
      group_wait: timing.groupWaitCritical,
      group_interval: timing.groupIntervalCritical,
      repeat_interval: timing.repeatCritical,
    },
    {
      matchers: [`alertname=~${quote(`${ALERT.threshold}|${ALERT.shadow}`)}`],
      repeat_interval: timing.repeatThreshold,
    },
  ];
}

function equals(name: string, value: string): string {
  return `${name}=${quote(value)}`;
}

/** An alert's labels, and the one receiver they must reach; what `amtool config routes test` is asked. */
export interface RouteCase {
  name: string;
  labels: Readonly<Record<string, string>>;
  receiver: string;
}

/** Each owner for soft and hard, each addressee for each owner, and an alert that nobody owns. */
export function routeCases(config: Config): RouteCase[] {
  const owners = [...config.owners.values()];
  return [
    ...owners.flatMap((owner) => ownCases(owner)),
    ...addressees(config).flatMap((to) => owners.map((owner) => addresseeCase(config, to, owner))),
    {
      name: 'an alert that nobody owns reaches the default receiver',
      labels: { alertname: ALERT.hard, severity: 'critical', owner: 'an-owner-that-left' },
      receiver: defaultContact(config).receiver,
    },
  ];
}

function ownCases({ name, service: { receiver } }: Owner): RouteCase[] {
  return [
    {
      name: `a threshold of ${name} reaches ${receiver}`,
      labels: { alertname: ALERT.threshold, severity: 'warning', owner: name },
      receiver,
    },
    {
      name: `a hard budget of ${name} reaches ${receiver}`,
      labels: { alertname: ALERT.hard, severity: 'critical', owner: name },
      receiver,
    },
  ];
}

function addresseeCase(config: Config, to: string, owner: Owner): RouteCase {
  const { receiver } = contactFor(config, to, owner);
  return {
    name: `what ${owner.name} tells ${to} reaches ${receiver}`,
    labels: { alertname: ALERT.threshold, severity: 'warning', owner: owner.name, [ALERT_LABEL.to]: to },
    receiver,
  };
}
