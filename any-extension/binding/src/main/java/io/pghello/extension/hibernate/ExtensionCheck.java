// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;
import org.hibernate.HibernateException;
import org.hibernate.SessionFactory;
import org.hibernate.SessionFactoryObserver;
import org.hibernate.engine.jdbc.connections.spi.JdbcConnectionAccess;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.resource.transaction.spi.TransactionCoordinatorBuilder;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Looks, once a session factory is complete and its schema created, whether an extension can be
 * used. It logs by the library that Hibernate logs by, so its lines go where Hibernate's go.
 */
@SuppressWarnings("serial") // observers of a factory are not serialized
public class ExtensionCheck implements SessionFactoryObserver {
  /** Time for the server's answer: as long as pools wait by default. */
  protected static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final ExtensionDescription extension;
  private final String schemaSetting;
  private final @Nullable String schema;
  private final boolean fails;
  private final Logger log;

  /**
   * Creates a check.
   *
   * @param schemaSetting the name of the setting that names the extension's schema
   * @param schema what that says, without quotes; null if nothing
   * @param fails whether a problem ends the start, and is not just a line of the log
   * @param log the name that it logs by
   */
  protected ExtensionCheck(
      ExtensionDescription extension,
      String schemaSetting,
      @Nullable String schema,
      boolean fails,
      String log) {
    this.extension = extension;
    this.schemaSetting = schemaSetting;
    this.schema = schema;
    this.fails = fails;
    this.log = Logger.getLogger(log);
  }

  @Override
  public void sessionFactoryCreated(SessionFactory factory) {
    Installation found;
    try {
      found = find(factory.unwrap(SessionFactoryImplementor.class));
    } catch (ExtensionException e) {
      report(e);
      return;
    } catch (SQLException | RuntimeException e) {
      // as of a data source that does not know yet where it leads to
      report(
          new HibernateException(
              "It is not known whether " + extension + " can be used: " + e.getMessage(), e));
      return;
    }
    problem(found).map(ExtensionException::new).ifPresent(this::report);
  }

  /** Throws an error, or says it in a line of the log. */
  protected final void report(RuntimeException error) {
    if (fails) {
      throw error;
    }
    warn(String.valueOf(error.getMessage()));
  }

  /** Says something in a line of the log. */
  protected final void warn(String message) {
    log.warn(message);
  }

  /** Returns the schema that the extension has to be in, in quotes; null for any on the path. */
  protected final @Nullable String quotedSchema() {
    return schema == null ? null : ExtensionSettings.quoted(schema);
  }

  private Installation find(SessionFactoryImplementor factory) throws SQLException {
    boolean jta =
        factory.getServiceRegistry().requireService(TransactionCoordinatorBuilder.class).isJta();
    JdbcConnectionAccess access = factory.getJdbcServices().getBootstrapJdbcConnectionAccess();
    Connection connection = access.obtainConnection();
    try {
      Installation found = extension.find(connection, quotedSchema(), TIMEOUT);
      // a container's transaction is left alone
      if (!jta && !connection.getAutoCommit()) {
        connection.rollback();
      }
      return found;
    } finally {
      access.releaseConnection(connection);
    }
  }

  /** Returns all that is wrong, in words for those who use Hibernate; empty if nothing is. */
  protected final Optional<ExtensionProblem> problem(Installation found) {
    var problems = new ArrayList<ExtensionProblem>();
    String there = String.valueOf(found.schema());
    String remedy =
        "Set "
            + schemaSetting
            + " to "
            + ExtensionSettings.unquoted(there)
            + " in Hibernate's settings.";
    for (ExtensionProblem problem : found.problems()) {
      String message = problem.message();
      switch (problem.kind()) {
        case ELSEWHERE ->
            problems.add(
                new ExtensionProblem(
                    problem.kind(),
                    message.replace("the client was told", "Hibernate was told"),
                    remedy,
                    // the client's are not concerned, whose schema may be told rightly
                    Set.of()));
        case NOT_ON_PATH -> {
          // where a schema is named, functions are called in it; of a name alone, none are
          if (schema == null && !extension.functions().isEmpty()) {
            problems.add(new ExtensionProblem(problem.kind(), message, remedy, Set.of()));
          }
        }
        default -> problems.add(problem);
      }
    }
    return ExtensionProblem.all(problems);
  }
}
