// SPDX-License-Identifier: MIT
package io.pghello.internal.installation;

import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import io.pghello.internal.Errors;
import io.pghello.internal.Function;
import io.pghello.internal.ServerFunction;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The extension's installation, with its problems as the client's.
 *
 * @param installation what was found, in one round trip
 * @param warnings what keeps no function from being called
 */
public record Preflight(Installation installation, List<PgHelloProblem> warnings) {
  private static final PgHelloProblem POOLER =
      new PgHelloProblem(
          Code.POOLER,
          "A pooler is between that may mix up the prepared statements of its clients.",
          "Let it track prepared statements (PgBouncer can from 1.21 on, and says so from 1.26 on),"
              + " or connect with prepareThreshold=0; nothing needs to be done if each client has a"
              + " session of its own.");

  private static final PgHelloProblem DISTRIBUTED =
      new PgHelloProblem(
          Code.DISTRIBUTED,
          "The database is distributed by Citus, whose workers do not learn of SET pg_hello.repeat.",
          "In SQL over distributed tables pass the count, as in pg_hello(name, 2).");

  /**
   * Looks around on a connection, and changes nothing.
   *
   * @param told the quoted schema in which functions are called; null if it is to be found
   */
  public static Preflight run(Connection connection, @Nullable String told) throws SQLException {
    return run(connection, told, Function.EXTENSION);
  }

  /** Looks around for a client of another extension, or of another version of it. */
  public static Preflight run(
      Connection connection, @Nullable String told, ExtensionDescription extension)
      throws SQLException {
    try {
      Installation found = extension.find(connection, told);
      return new Preflight(found, found.isDistributed() ? List.of(DISTRIBUTED) : List.of());
    } catch (ExtensionException e) {
      throw Errors.of(problem(e.problem()));
    }
  }

  /** Returns the same with the warning of a pooler that may mix up prepared statements. */
  public Preflight behindPooler() {
    return new Preflight(
        installation, Stream.concat(Stream.of(POOLER), warnings.stream()).toList());
  }

  /** Returns a problem in the client's words. */
  public static PgHelloProblem problem(ExtensionProblem problem) {
    return new PgHelloProblem(
        switch (problem.kind()) {
          case FILES_MISSING -> Code.FILES_MISSING;
          case NOT_CREATED -> Code.NOT_CREATED;
          case NOT_ON_PATH, ELSEWHERE -> Code.NOT_ON_PATH;
          case TOO_OLD -> Code.TOO_OLD;
          case FOREIGN_BUILD -> Code.FOREIGN_BUILD;
          case NO_SCHEMA_PRIVILEGE -> Code.NO_SCHEMA_PRIVILEGE;
          case NO_EXECUTE_PRIVILEGE -> Code.NO_EXECUTE_PRIVILEGE;
          case ANSWER_MISMATCH -> Code.ANSWER_MISMATCH;
        },
        problem.message(),
        problem.remedy(),
        problem.functions());
  }

  /** Returns the quoted name of the extension's schema; null if it is not created here. */
  public @Nullable String schema() {
    return installation.schema();
  }

  /** Returns what is wrong, the gravest first. */
  public List<PgHelloProblem> problems() {
    return Stream.concat(
            installation.problems().stream().map(Preflight::problem), warnings.stream())
        .toList();
  }

  /** Returns the gravest problem because of which the client cannot call a function. */
  public Optional<PgHelloProblem> obstacle(ServerFunction function) {
    return installation.obstacle(function.description()).map(Preflight::problem);
  }
}
