// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.hibernate.internal.attribute.ServerValueCreator;
import java.lang.annotation.Annotation;
import org.hibernate.MappingException;
import org.hibernate.binder.AttributeBinder;
import org.hibernate.boot.spi.MetadataBuildingContext;
import org.hibernate.mapping.GeneratorCreator;
import org.hibernate.mapping.PersistentClass;
import org.hibernate.mapping.Property;

/** Attaches the settings of an annotation to its attribute. */
public final class ServerValueBinder implements AttributeBinder<Annotation> {
  @Override
  public void bind(
      Annotation annotation,
      MetadataBuildingContext context,
      PersistentClass entity,
      Property attribute) {
    ServerValueCreator value =
        annotation instanceof WelcomeMessage welcome
            ? ServerValueCreator.of(welcome)
            : ServerValueCreator.of((NowMillis) annotation);
    GeneratorCreator other = attribute.getValueGeneratorCreator();
    // Hibernate 6.6 calls this method twice
    if (other != null && !(other instanceof ServerValueCreator)) {
      throw new MappingException(
          value.annotation()
              + " on "
              + entity.getJpaEntityName()
              + "."
              + attribute.getName()
              + " cannot be combined with another annotation that generates its value. Keep one.");
    }
    attribute.setValueGeneratorCreator(value);
  }
}
