// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.ValueEvent;
import io.pghello.hibernate.ValueStrategy;
import java.util.List;
import org.hibernate.MappingException;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * An attribute that is filled, as the mappings say before there are sessions.
 *
 * @param value what its annotation asks for
 * @param strategy how the value comes; not {@code AUTO}
 * @param path the names on the way from the entity to it
 * @param source the names on the way to what is greeted; null if the value is the time
 * @param type the attribute's type
 */
record MappedValue(
    ServerValueCreator value,
    ValueStrategy strategy,
    List<String> path,
    @Nullable List<String> source,
    Class<?> type) {
  /**
   * Refuses to greet an identifier that the INSERT makes, which is known to the persister alone.
   */
  void check(EntityPersister persister) {
    if (source != null
        && value.isOn(ValueEvent.INSERT)
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
              + "\", which the INSERT makes; name another attribute.");
    }
  }

  ServerValueAttribute in(EntityPersister persister) {
    return new ServerValueAttribute(
        value,
        strategy,
        new AttributePath(persister, path),
        source == null ? null : new AttributePath(persister, source),
        type);
  }
}
