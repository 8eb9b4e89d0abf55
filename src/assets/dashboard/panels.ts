import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { GraphDrawStyle, StackingMode, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import {
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { VARIABLE } from './query.ts';

export type PanelSource = Builder<Panel> & { id(id: number): unknown };

export const DATASOURCE = { type: 'prometheus', uid: `\${${VARIABLE.datasource}}` };

/** Widths on Grafana's grid of 24 columns. */
export const FULL = 24;
export const HALF = 12;
export const THIRD = 8;
export const SIXTH = 4;

interface Look {
  title: string;
  description: string;
  unit: string;
  width: number;
}

/** A single figure; red from 1 on when `alarming`. */
export function figure(look: Look & { alarming?: boolean }, query: DataqueryBuilder): PanelSource {
  return new stat.PanelBuilder()
    .title(look.title)
    .description(look.description)
    .datasource(DATASOURCE)
    .unit(look.unit)
    .span(look.width)
    .height(4)
    .graphMode(common.BigValueGraphMode.None)
    .thresholds(steps(look.alarming ? [calm, { color: 'red', value: 1 }] : [calm]))
    .withTarget(query.refId('A'));
}

/** Lines over time; filled and stacked when the parts make a whole. */
export function lines(look: Look & { stacked?: boolean }, ...queries: DataqueryBuilder[]): PanelSource {
  return new timeseries.PanelBuilder()
    .title(look.title)
    .description(look.description)
    .datasource(DATASOURCE)
    .unit(look.unit)
    .min(0)
    .span(look.width)
    .height(8)
    .drawStyle(GraphDrawStyle.Line)
    .fillOpacity(look.stacked ? 30 : 5)
    .showPoints(VisibilityMode.Never)
    .stacking(new common.StackingConfigBuilder().mode(look.stacked ? StackingMode.Normal : StackingMode.None))
    .targets(queries.map((query, index) => query.refId(String.fromCharCode(65 + index))));
}

/** One bar for each series from 0 to 100 %, coloured like the default thresholds. */
export function bars(look: Look, query: DataqueryBuilder): PanelSource {
  return new bargauge.PanelBuilder()
    .title(look.title)
    .description(look.description)
    .datasource(DATASOURCE)
    .unit(look.unit)
    .min(0)
    .max(100)
    .span(look.width)
    .height(9)
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .thresholds(
      steps([calm, { color: 'yellow', value: 50 }, { color: 'orange', value: 75 }, { color: 'red', value: 90 }]),
    )
    .withTarget(query.refId('A'));
}

const calm: Threshold = { color: 'green', value: null };

export function steps(list: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(list);
}
