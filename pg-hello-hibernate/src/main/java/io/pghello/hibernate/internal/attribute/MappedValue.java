// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.attribute;

import io.pghello.hibernate.ValueStrategy;
import java.util.List;
import org.hibernate.MappingException;
import org.hibernate.generator.EventType;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * An annotated attribute in the mappings, before the session factory is complete.
 *
 * @param value the settings of the attribute's annotation
 * @param strategy the strategy for obtaining the value; never {@code AUTO}
 * @param path the names on the path from the entity to the attribute
 * @param source the names on the path to the greeted attribute; null if the value is the time
 * @param type the attribute's type
 */
public record MappedValue(
    ServerValueCreator value,
    ValueStrategy strategy,
    List<String> path,
    @Nullable List<String> source,
    Class<?> type) {
  /**
   * Throws an exception if the name to greet is an identifier that the INSERT generates. Only the
   * persister provides this information.
   */
  public void check(EntityPersister persister) {
    if (source != null
        && value.isOn(EventType.INSERT)
        && persister.isIdentifierAssignedByInsert()
        && persister.findAttributeMapping(source.get(0)) == null) {
      throw new MappingException(
          value.annotation()
              + " on "
              + persister.getEntityName()
              + "."
              + String.join(".", path)
              + " has of = \""
              + value.source()
              + "\", which the INSERT generates; name another attribute.");
    }
  }

  public ServerValueAttribute in(EntityPersister persister) {
    return new ServerValueAttribute(
        value,
        strategy,
        new AttributePath(persister, path),
        source == null ? null : new AttributePath(persister, source),
        type);
  }
}
