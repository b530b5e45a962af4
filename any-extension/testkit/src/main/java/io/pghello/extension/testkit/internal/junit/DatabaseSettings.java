// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.junit;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.SqlScripts;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The settings that an annotation specifies.
 *
 * @param key a key that identifies the server; tests with equal keys share a server
 * @param open a function that starts or finds the server, and prepares the given template unless it
 *     is null; called once for each key and template. The server is closed at the end of the test
 *     run.
 * @param startsServer whether this JVM starts the server; if so, each preparer with a key gets a
 *     separate server
 * @param shared whether the tests of a class share one database
 * @param withExtensions whether the databases contain the extensions
 * @param scripts the scripts that fill the databases' template
 * @param preparer the class that fills the template, or {@link DatabasePreparer} itself if the
 *     annotation sets none
 */
public record DatabaseSettings(
    Object key,
    Function<@Nullable TemplateRequest, TestServerHandle> open,
    boolean startsServer,
    boolean shared,
    boolean withExtensions,
    List<String> scripts,
    Class<? extends DatabasePreparer> preparer) {
  /**
   * Returns the preparer that runs the scripts and the preparer class, or null if there are
   * neither.
   *
   * @param loader the class loader that finds the scripts
   */
  @Nullable DatabasePreparer preparer(ClassLoader loader) {
    boolean none = preparer == DatabasePreparer.class;
    return none && scripts.isEmpty()
        ? null
        : new AnnotationPreparer(
            SqlScripts.fromClassPath(loader, scripts.toArray(String[]::new)),
            none ? null : preparer);
  }
}
