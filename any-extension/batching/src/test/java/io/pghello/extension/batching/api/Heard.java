// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.CallListener.Kind;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A listener that records its events. */
final class Heard implements CallListener {
  final List<String> calls = new CopyOnWriteArrayList<>();
  final List<String> statements = new CopyOnWriteArrayList<>();
  final List<FunctionCallException> errors = new CopyOnWriteArrayList<>();
  final List<Kind> kinds = new CopyOnWriteArrayList<>();
  final List<Code> repeated = new CopyOnWriteArrayList<>();
  final List<Long> waited = new CopyOnWriteArrayList<>();
  final List<Long> nanos = new CopyOnWriteArrayList<>();

  @Override
  public void callEnded(CallEnded event) {
    nanos.add(event.durationNanos());
    calls.add(event.function() + code(event.error()));
    if (event.error() != null) {
      errors.add(event.error());
    }
  }

  @Override
  public void statementEnded(StatementEnded event) {
    nanos.add(event.durationNanos());
    waited.add(event.oldestWaitNanos());
    kinds.add(event.kind());
    statements.add(event.calls() + code(event.error()));
  }

  @Override
  public void retrying(Retrying event) {
    repeated.add(event.reason().code());
  }

  private static String code(@Nullable FunctionCallException error) {
    return error == null ? "" : " " + error.code();
  }

  void forget() {
    calls.clear();
    statements.clear();
    kinds.clear();
    errors.clear();
    repeated.clear();
    waited.clear();
    nanos.clear();
  }
}
