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
 * Checks whether an extension is usable, after a session factory and its schema have been created.
 * Subclass it for a binding, and add it to the factory as an observer.
 *
 * <p>Uses Hibernate's logging library.
 */
@SuppressWarnings("serial") // observers of a factory are not serialized
public class ExtensionCheck implements SessionFactoryObserver {
  /** Timeout of the check, equal to the default timeout of most pools. */
  protected static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final ExtensionDescription extension;
  private final String schemaSetting;
  private final @Nullable String schema;
  private final boolean fails;
  private final Logger log;

  /**
   * Creates a check.
   *
   * @param schemaSetting the name of the setting for the extension's schema
   * @param schema the value of the setting, without quotes; null if it is not set
   * @param fails whether a problem makes startup fail instead of being logged
   * @param log the name of the logger
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
      // for example, the data source may not be able to determine its target yet
      report(
          new HibernateException(
              "Could not check whether " + extension + " can be used: " + e.getMessage(), e));
      return;
    }
    problem(found).map(ExtensionException::new).ifPresent(this::report);
  }

  /** Throws an error or logs it as a warning, depending on the settings. */
  protected final void report(RuntimeException error) {
    if (fails) {
      throw error;
    }
    warn(String.valueOf(error.getMessage()));
  }

  /** Logs a warning. */
  protected final void warn(String message) {
    log.warn(message);
  }

  private Installation find(SessionFactoryImplementor factory) throws SQLException {
    boolean jta =
        factory.getServiceRegistry().requireService(TransactionCoordinatorBuilder.class).isJta();
    JdbcConnectionAccess access = factory.getJdbcServices().getBootstrapJdbcConnectionAccess();
    Connection connection = access.obtainConnection();
    try {
      String quoted = schema == null ? null : ExtensionSettings.quoted(schema);
      Installation found = extension.inspect(connection, quoted, TIMEOUT);
      // do not end a container's transaction
      if (!jta && !connection.getAutoCommit()) {
        connection.rollback();
      }
      return found;
    } finally {
      access.releaseConnection(connection);
    }
  }

  /**
   * Returns all problems, combined into one and described in terms of Hibernate's settings; empty
   * if there are none.
   */
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
        case WRONG_SCHEMA ->
            problems.add(
                new ExtensionProblem(
                    problem.kind(),
                    message.replace("the client is configured", "Hibernate is configured"),
                    remedy,
                    // no function is listed as affected, because the client's schema may be correct
                    Set.of()));
        case NOT_ON_SEARCH_PATH -> {
          // if a schema is configured, calls are qualified; if no functions are described, there
          // are no calls
          if (schema == null && !extension.functions().isEmpty()) {
            problems.add(new ExtensionProblem(problem.kind(), message, remedy, Set.of()));
          }
        }
        default -> problems.add(problem);
      }
    }
    return ExtensionProblem.combined(problems);
  }
}
