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
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The extension's installation, with its problems as the client's.
 *
 * @param installation what was found, in one round trip
 */
public record Preflight(Installation installation) {

  /**
   * Looks around on a connection, and changes nothing.
   *
   * @param told the quoted schema in which functions are called; null if it is to be found
   */
  public static Preflight run(Connection connection, @Nullable String told) throws SQLException {
    return run(connection, told, Function.EXTENSION);
  }

  /** Looks around for a client that needs another version than {@link Function#EXTENSION} says. */
  static Preflight run(Connection connection, @Nullable String told, ExtensionDescription extension)
      throws SQLException {
    try {
      return new Preflight(extension.find(connection, told));
    } catch (ExtensionException e) {
      throw Errors.of(problem(e.problem()));
    }
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
    return installation.problems().stream().map(Preflight::problem).toList();
  }

  /** Returns the gravest problem because of which the client cannot call a function. */
  public Optional<PgHelloProblem> obstacle(Function function) {
    return installation.obstacle(function.description()).map(Preflight::problem);
  }
}
