// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.mapping;

import java.util.EnumSet;
import org.hibernate.dialect.Dialect;
import org.hibernate.generator.EventType;
import org.hibernate.generator.OnExecutionGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Makes Hibernate write the attribute with the column's own write expression and read back the
 * result. The generator itself provides no expression, because Hibernate 6 and 7 would either
 * ignore the expression or not bind its parameter.
 */
// Hibernate declares generators as serializable but never serializes them.
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

  // See PrefetchGenerator for the reason.
  public boolean allowMutation() {
    return true;
  }
}
