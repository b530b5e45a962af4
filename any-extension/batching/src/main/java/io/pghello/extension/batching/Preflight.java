// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Errors;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The installation of an extension in a database, with its problems as a client reports them.
 * {@link FunctionOperations#preflight} returns it.
 *
 * @param installation the installation, as found in one round trip
 * @param warnings the problems that the client found in addition to the installation's problems,
 *     and that do not prevent calls: an unsafe pooler, and the warnings of {@link #withWarning}
 */
public record Preflight(Installation installation, List<CallProblem> warnings) {
  /** Copies the list. */
  public Preflight {
    warnings = List.copyOf(warnings);
  }

  /**
   * Inspects the installation on a connection, without changing anything. Takes one round trip.
   * Does not detect poolers.
   *
   * @param schema the expected schema, in quotes or as returned by {@code quote_ident}; null for
   *     any schema
   * @throws FunctionCallException if the server returns the result of another statement
   * @throws SQLException if the query fails
   */
  public static Preflight run(
      Connection connection, @Nullable String schema, ExtensionDescription extension)
      throws SQLException {
    try {
      return new Preflight(extension.inspect(connection, schema), List.of());
    } catch (ExtensionException e) {
      throw Errors.of(problem(e.problem()));
    }
  }

  /** Returns a copy with an additional warning, for clients that check more than this class. */
  public Preflight withWarning(CallProblem warning) {
    return new Preflight(
        installation, Stream.concat(warnings.stream(), Stream.of(warning)).toList());
  }

  /** Converts an installation problem to the problem of a call. */
  public static CallProblem problem(ExtensionProblem problem) {
    return new CallProblem(
        switch (problem.kind()) {
          case FILES_MISSING -> Code.FILES_MISSING;
          case NOT_CREATED -> Code.NOT_CREATED;
          case NOT_ON_SEARCH_PATH -> Code.NOT_ON_SEARCH_PATH;
          case WRONG_SCHEMA -> Code.WRONG_SCHEMA;
          case VERSION_TOO_OLD -> Code.VERSION_TOO_OLD;
          case INCOMPATIBLE_BUILD -> Code.INCOMPATIBLE_BUILD;
          case NO_SCHEMA_PRIVILEGE -> Code.NO_SCHEMA_PRIVILEGE;
          case NO_EXECUTE_PRIVILEGE -> Code.NO_EXECUTE_PRIVILEGE;
          case RESPONSE_MISMATCH -> Code.RESPONSE_MISMATCH;
        },
        problem.message(),
        problem.remedy(),
        problem.functions());
  }

  /**
   * Returns the quoted name of the extension's schema; null if this database does not have the
   * extension.
   */
  public @Nullable String schema() {
    return installation.schema();
  }

  /**
   * Returns the problems with the installation, most severe first, followed by the {@link
   * #warnings}. Problems with a code that {@link Code#isWarning is a warning} do not prevent calls.
   */
  public List<CallProblem> problems() {
    return Stream.concat(
            installation.problems().stream().map(Preflight::problem), warnings.stream())
        .toList();
  }

  /** Returns the most severe problem that prevents the client from calling a function. */
  public Optional<CallProblem> problemFor(ServerFunction function) {
    return installation.problemFor(function.description()).map(Preflight::problem);
  }
}
