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
import org.jspecify.annotations.Nullable;

/**
 * The installation of an extension in a database, with its problems as a client reports them.
 * {@link FunctionOperations#preflight} returns it.
 *
 * @param installation the installation, as found in one round trip
 * @param isBehindPooler whether a pooler may mix up prepared statements
 */
public record Preflight(Installation installation, boolean isBehindPooler) {
  private static final CallProblem UNSAFE_POOLER =
      new CallProblem(
          Code.UNSAFE_POOLER,
          "A pooler between client and server may mix up the prepared statements of its clients.",
          "Configure the pooler to track prepared statements (PgBouncer 1.21 and later"
              + " support this, and 1.26 and later report it), or connect with"
              + " prepareThreshold=0. You can ignore this warning if each client has its own"
              + " session.");

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
      return new Preflight(extension.inspect(connection, schema), false);
    } catch (ExtensionException e) {
      throw Errors.of(problem(e.problem()));
    }
  }

  /** Returns a copy with a warning about a pooler that may mix up prepared statements. */
  public Preflight behindPooler() {
    return new Preflight(installation, true);
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

  /** Returns the problems with the installation, most severe first. */
  public List<CallProblem> problems() {
    return installation.problems().stream().map(Preflight::problem).toList();
  }

  /** Returns the warnings, which do not prevent calls. */
  public List<CallProblem> warnings() {
    return isBehindPooler ? List.of(UNSAFE_POOLER) : List.of();
  }

  /** Returns the most severe problem that prevents the client from calling a function. */
  public Optional<CallProblem> problemFor(ServerFunction function) {
    return installation.problemFor(function.description()).map(Preflight::problem);
  }
}
