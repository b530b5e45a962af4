// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.platform.commons.support.ReflectionSupport;

/** Runs an annotation's scripts, and then its preparer class. */
record AnnotationPreparer(SqlScripts scripts, @Nullable Class<? extends DatabasePreparer> preparer)
    implements DatabasePreparer {
  /**
   * The minimum size of scripts that get a separate server if the annotation has no preparer.
   * Smaller scripts run faster than a server starts.
   */
  private static final int MIN_SCRIPT_CHARACTERS = 64 * 1024;

  @Override
  public Optional<String> cacheKey() {
    if (preparer == null) {
      int size = scripts.scripts().stream().mapToInt(script -> script.sql().length()).sum();
      return size < MIN_SCRIPT_CHARACTERS ? Optional.empty() : scripts.cacheKey();
    }
    return ReflectionSupport.newInstance(preparer)
        .cacheKey()
        .flatMap(
            key -> scripts.cacheKey().map(hash -> preparer.getName() + "\n" + hash + "\n" + key));
  }

  @Override
  public void prepare(DataSource dataSource) throws Exception {
    scripts.prepare(dataSource);
    if (preparer != null) {
      ReflectionSupport.newInstance(preparer).prepare(dataSource);
    }
  }

  @Override
  public String toString() {
    return "The preparer " + (preparer == null ? scripts : preparer.getName());
  }
}
