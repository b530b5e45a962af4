// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.ExtensionProblem.Kind;
import io.pghello.spring.boot.PgHelloProperties.Preflight;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import javax.sql.DataSource;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Looks, when all beans are there and so the database is migrated, whether the extensions that
 * {@code pg-extension.check} names can be used. Takes one round trip for each.
 */
final class ExtensionCheck implements SmartInitializingSingleton {
  private static final Log LOG = LogFactory.getLog(ExtensionCheck.class);

  // as long as pools wait by default
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final ObjectProvider<DataSource> dataSources;
  private final ExtensionProperties properties;

  ExtensionCheck(ObjectProvider<DataSource> dataSources, ExtensionProperties properties) {
    this.dataSources = dataSources;
    this.properties = properties;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (properties.check().isEmpty()
        || properties.preflight() == Preflight.OFF
        || PreflightCheck.isTraining()) {
      return;
    }
    DataSource dataSource = dataSources.getIfUnique();
    if (dataSource == null) {
      notKnown(
          String.join(", ", properties.check()),
          "the application has no data source, or several of which none is primary",
          null);
      return;
    }
    var obstacles = new ArrayList<ExtensionProblem>();
    for (String name : properties.check()) {
      for (ExtensionProblem problem : problems(name, dataSource)) {
        // what concerns SQL of the application alone is no reason not to start
        if (fails() && problem.isObstacle()) {
          obstacles.add(problem);
        }
        // in any case, as it may be that the next one cannot be asked for
        LOG.warn(problem.toString());
      }
    }
    ExtensionProblem.all(obstacles)
        .ifPresent(
            all -> {
              throw new ExtensionException(all);
            });
  }

  private boolean fails() {
    return properties.preflight() == Preflight.FAIL;
  }

  private List<ExtensionProblem> problems(String name, DataSource dataSource) {
    ExtensionDescription extension;
    try {
      extension = ExtensionDescription.ofName(name);
    } catch (ServiceConfigurationError e) {
      // of the provider of this one, or of another
      notKnown(name, String.valueOf(e.getMessage()), e);
      return List.of();
    }
    try (Connection connection = dataSource.getConnection()) {
      return extension.find(connection, null, TIMEOUT).problems().stream()
          // of a name alone nothing is called, and its schema may be one of its own on purpose
          .filter(each -> each.kind() != Kind.NOT_ON_PATH || !extension.functions().isEmpty())
          .toList();
    } catch (ExtensionException e) {
      return List.of(e.problem());
    } catch (SQLException | RuntimeException e) {
      // as of a data source that does not know yet where it leads to
      notKnown(name, String.valueOf(e.getMessage()), e);
      return List.of();
    }
  }

  private void notKnown(String extensions, String reason, @Nullable Throwable cause) {
    String message = "It is not known whether " + extensions + " can be used: " + reason;
    if (fails()) {
      throw new IllegalStateException(message, cause);
    }
    LOG.warn(message);
  }
}
