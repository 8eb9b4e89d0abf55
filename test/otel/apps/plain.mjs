/** What an SDK of any version has collected, as JSON. */
export function plainSpan(span) {
  const { name, kind, attributes, status } = span;
  const { traceId, spanId } = span.spanContext();
  const parent = span.parentSpanContext?.spanId ?? span.parentSpanId;
  const scope = (span.instrumentationScope ?? span.instrumentationLibrary).name;
  return { name, scope, kind, traceId, spanId, parent, attributes, status: status.code };
}

/** Each data point by itself: the sum of a counter, sum and count of a histogram. */
export function plainMetrics(collected) {
  return (collected?.scopeMetrics ?? []).flatMap(({ metrics }) =>
    metrics.flatMap(({ descriptor: { name, unit }, dataPoints }) =>
      dataPoints.map(({ attributes, value }) =>
        typeof value === 'number'
          ? { name, unit, attributes, sum: value }
          : { name, unit, attributes, sum: value.sum, count: value.count },
      ),
    ),
  );
}
