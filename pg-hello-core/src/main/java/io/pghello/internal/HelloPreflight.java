// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.Installation;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.Preflight;
import java.util.List;
import java.util.stream.Stream;

/**
 * The extension's installation, and warnings.
 *
 * @param installation the installation, as found in one round trip
 * @param warnings the problems that do not prevent calls
 */
public record HelloPreflight(Installation installation, List<CallProblem> warnings) {
  private static final CallProblem CITUS =
      new CallProblem(
          Code.SESSION_SETTINGS_NOT_SHARED,
          "The database is distributed by Citus, and SET pg_hello.repeat does not reach its"
              + " workers.",
          "In SQL on distributed tables, pass the count, e.g. pg_hello(name, 2), or set it with"
              + " ALTER DATABASE or ALTER ROLE, which take effect in new sessions of the workers.");

  /** Converts an installation's problems to the client's type. */
  public static HelloPreflight of(Preflight found) {
    Stream<CallProblem> warnings = found.warnings().stream();
    Stream<CallProblem> distributed =
        found.installation().isDistributed() ? Stream.of(CITUS) : Stream.of();
    return new HelloPreflight(found.installation(), Stream.concat(warnings, distributed).toList());
  }

  /** Returns all problems, most severe first. */
  public List<CallProblem> problems() {
    return Stream.concat(
            installation.problems().stream().map(Preflight::problem), warnings.stream())
        .toList();
  }
}
