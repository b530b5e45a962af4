// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A listener that writes down what it is told. */
final class Heard implements PgHelloListener {
  final List<String> calls = new CopyOnWriteArrayList<>();
  final List<String> statements = new CopyOnWriteArrayList<>();
  final List<Code> repeated = new CopyOnWriteArrayList<>();
  final List<Long> waited = new CopyOnWriteArrayList<>();
  final List<Long> nanos = new CopyOnWriteArrayList<>();

  @Override
  public void callEnded(String function, long nanos, @Nullable PgHelloException error) {
    this.nanos.add(nanos);
    calls.add(function + (error == null ? "" : " " + error.code()));
  }

  @Override
  public void waited(long nanos) {
    waited.add(nanos);
  }

  @Override
  public void statementEnded(int calls, long nanos, @Nullable PgHelloException error) {
    this.nanos.add(nanos);
    statements.add(calls + (error == null ? "" : " " + error.code()));
  }

  @Override
  public void retrying(PgHelloException reason) {
    repeated.add(reason.code());
  }

  void forget() {
    calls.clear();
    statements.clear();
    repeated.clear();
    waited.clear();
    nanos.clear();
  }
}
