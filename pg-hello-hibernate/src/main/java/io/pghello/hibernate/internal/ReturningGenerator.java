// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.util.EnumSet;
import org.hibernate.dialect.Dialect;
import org.hibernate.generator.EventType;
import org.hibernate.generator.OnExecutionGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Lets Hibernate write the attribute with the column's own write expression, and read back what
 * came of it. An expression given here is ignored, or its parameter not bound, by one line of
 * Hibernate or the other.
 */
// Hibernate declares generators to be serializable, and never makes use of that.
@SuppressWarnings("serial")
final class ReturningGenerator implements OnExecutionGenerator {
  @Override
  public EnumSet<EventType> getEventTypes() {
    return EnumSet.of(EventType.INSERT);
  }

  @Override
  public boolean referenceColumnsInSql(Dialect dialect) {
    return false;
  }

  @Override
  public boolean writePropertyValue() {
    return true;
  }

  @Override
  public String @Nullable [] getReferencedColumnValues(Dialect dialect) {
    return null;
  }

  // As in PrefetchGenerator.
  public boolean allowMutation() {
    return true;
  }
}
