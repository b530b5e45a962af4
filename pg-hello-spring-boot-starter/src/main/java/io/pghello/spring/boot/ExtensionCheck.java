// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionException;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.ExtensionProblem.Kind;
import io.pghello.spring.boot.PgHelloProperties.PreflightMode;
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
 * Checks whether the extensions listed in {@code pg-extension.check} are usable. Runs after all
 * beans have been created, when database migrations are complete. Takes one round trip per
 * extension.
 */
final class ExtensionCheck implements SmartInitializingSingleton {
  private static final Log LOG = LogFactory.getLog(ExtensionCheck.class);

  // the default timeout of most pools
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
        || properties.preflight() == PreflightMode.OFF
        || PreflightCheck.isTraining()) {
      return;
    }
    DataSource dataSource = dataSources.getIfUnique();
    if (dataSource == null) {
      reportUnchecked(
          String.join(", ", properties.check()),
          "the application has no data source, or several without a primary one",
          null);
      return;
    }
    var obstacles = new ArrayList<ExtensionProblem>();
    for (String name : properties.check()) {
      for (ExtensionProblem problem : problems(name, dataSource)) {
        // a problem that affects only the application's SQL does not make startup fail
        if (fails() && problem.isObstacle()) {
          obstacles.add(problem);
        }
        // log the problem even if startup fails, because the next check may throw an exception
        LOG.warn(problem.toString());
      }
    }
    ExtensionProblem.combined(obstacles)
        .ifPresent(
            all -> {
              throw new ExtensionException(all);
            });
  }

  private boolean fails() {
    return properties.preflight() == PreflightMode.FAIL;
  }

  private List<ExtensionProblem> problems(String name, DataSource dataSource) {
    ExtensionDescription extension;
    try {
      extension = ExtensionDescription.lookup(name);
    } catch (ServiceConfigurationError e) {
      // thrown by the provider of this extension or of another extension
      reportUnchecked(name, String.valueOf(e.getMessage()), e);
      return List.of();
    }
    try (Connection connection = dataSource.getConnection()) {
      return extension.inspect(connection, null, TIMEOUT).problems().stream()
          // if the extension's description contains no functions, no function is called, and the
          // schema may be intentionally missing from the search path
          .filter(
              each -> each.kind() != Kind.NOT_ON_SEARCH_PATH || !extension.functions().isEmpty())
          .toList();
    } catch (ExtensionException e) {
      return List.of(e.problem());
    } catch (SQLException | RuntimeException e) {
      // for example, a data source that cannot determine its target yet
      reportUnchecked(name, String.valueOf(e.getMessage()), e);
      return List.of();
    }
  }

  private void reportUnchecked(String extensions, String reason, @Nullable Throwable cause) {
    String message = "Could not check whether " + extensions + " can be used: " + reason;
    if (fails()) {
      throw new IllegalStateException(message, cause);
    }
    LOG.warn(message);
  }
}
